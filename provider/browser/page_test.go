//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/statuspage"
)

// tab opens a browser of its own, which lives for two minutes at most, and returns what it complained about so far.
func tab(t *testing.T) (ctx context.Context, complaints func() []string) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("/usr/bin/chromium"), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)

	var mu sync.Mutex
	var heard []string
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *cdplog.EventEntryAdded:
			heard = append(heard, e.Entry.Text)
		case *cdpruntime.EventExceptionThrown:
			heard = append(heard, e.ExceptionDetails.Text)
		}
	}))
	require.NoError(t, chromedp.Do(ctx, command(cdplog.Enable, cdp.Empty{})))
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), heard...)
	}
}

// command is a step of the browser's protocol whose answer says nothing.
func command[P, R any](what cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, what, params)
		return err
	})
}

// window gives the page a width and a color scheme.
func window(width int64, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500}),
	)
}

// ask runs one step and returns its value.
func ask[T any](ctx context.Context, t *testing.T, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	require.NoError(t, err)
	return value
}

func serve(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, handler := range statuspage.NewHandlers(fleet{}, clock.RealClock{}) {
		mux.Handle(path, handler)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + statuspage.PagePath
}

// The page fits every width without scrolling sideways, keeps its own policy, and loads nothing but itself.
func TestPageFitsItsWindow(t *testing.T) {
	url := serve(t)
	ctx, complaints := tab(t)
	for _, width := range []int64{320, 390, 768, 1024, 1280, 1920} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(fmt.Sprintf("%d %s", width, scheme), func(t *testing.T) {
				require.NoError(t, chromedp.Do(ctx, window(width, scheme), chromedp.Navigate(url+"?refresh=0"), chromedp.WaitVisible(chromedp.CSS("#events"))))
				assert.Equal(t, width, ask(ctx, t, chromedp.Evaluate[int64](`window.innerWidth`)), "it is shown smaller than it should be")
				assert.LessOrEqual(t, ask(ctx, t, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)), width, "it has to be scrolled sideways")
				assert.Zero(t, ask(ctx, t, chromedp.Evaluate[int64](`performance.getEntriesByType("resource").length`)), "it loads something")
				ground := ask(ctx, t, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
				assert.Equal(t, map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(16, 21, 27)"}[scheme], ground, "its own style is refused")
				assert.Empty(t, complaints())
				if dir := os.Getenv("SCREENSHOTS"); dir != "" {
					picture := ask(ctx, t, chromedp.FullScreenshot(100))
					require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("page-%d-%s.png", width, scheme)), picture, 0o600))
				}
			})
		}
	}
}

// What a screen reader is told: every picture by name, every table by its headers, at phone width too.
func TestPageSpeaks(t *testing.T) {
	url := serve(t)
	ctx, _ := tab(t)
	for _, width := range []int64{390, 1280} {
		require.NoError(t, chromedp.Do(ctx, window(width, "light"), chromedp.Navigate(url+"?refresh=0"), chromedp.WaitVisible(chromedp.CSS("#events"))))
		tree := ask(ctx, t, func(ctx context.Context, target *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
			return cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		})
		count := map[string]int{}
		for _, node := range tree.Nodes {
			if node.Ignored || node.Role == nil {
				continue
			}
			role := text(t, node.Role)
			count[role]++
			if role == "image" || role == "img" {
				count["picture"]++
				assert.NotEmpty(t, text(t, node.Name), "a picture has no name")
			}
		}
		assert.Equal(t, machinesShown+1, count["picture"], "a bar of each machine, and the map: %v", count)
		assert.Equal(t, 3, count["table"], "width %d: tables are lost", width)
		assert.Positive(t, count["columnheader"], "width %d", width)
		assert.Positive(t, count["rowheader"], "width %d", width)
		assert.Equal(t, 1, count["main"])
	}
}

// text is a value that is a string; empty if there is none.
func text(t *testing.T, value *accessibility.Value) (made string) {
	t.Helper()
	if value != nil {
		require.NoError(t, json.Unmarshal(value.Value, &made))
	}
	return made
}

// A click on a cluster shows that cluster alone, and a click on "stop" ends the reloading.
func TestPageIsUsed(t *testing.T) {
	ctx, complaints := tab(t)
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Navigate(serve(t)),
		chromedp.Click(`//a[text()="prod/shop"]`),
		chromedp.WaitVisible(`//a[text()="all clusters"]`),
	))
	assert.Equal(t, "prod/shop - Clusters on Harvester", ask(ctx, t, chromedp.Title()))
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(`//a[text()="stop"]`), chromedp.WaitVisible(`//a[text()="every 10 seconds"]`)))
	address := ask(ctx, t, chromedp.Location())
	assert.Contains(t, address, "cluster=prod%2Fshop")
	assert.Contains(t, address, "refresh=0")
	assert.False(t, ask(ctx, t, chromedp.Evaluate[bool](`document.querySelector("meta[http-equiv=refresh]") !== null`)))
	assert.Empty(t, complaints())
}
