// Package promtool pins promtool. Run it with: cd hack/tools/promtool && go tool promtool.
package promtool
