// Package browser looks at the status page with a real browser, headless Chromium. Its tests need that on the machine and
// are behind the build tag browser: `make test-page` runs them.
package browser
