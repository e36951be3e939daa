package statuspage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	clocktesting "k8s.io/utils/clock/testing"
)

var update = flag.Bool("update", false, "write the golden file")

// fixed is a reader of one snapshot, or of an error.
type fixed struct {
	snapshot Snapshot
	err      error
}

func (f fixed) Snapshot(context.Context) (Snapshot, error) { return f.snapshot, f.err }

func get(t *testing.T, reader Reader, method, target string) *http.Response {
	t.Helper()
	mux := http.NewServeMux()
	for path, handler := range NewHandlers(reader, clocktesting.NewFakePassiveClock(noon.Add(2*time.Minute))) {
		mux.Handle(path, handler)
	}
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest(method, target, http.NoBody))
	return recorder.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	var content bytes.Buffer
	_, err := content.ReadFrom(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return content.String()
}

func TestPageIsTheGoldenOne(t *testing.T) {
	response := get(t, fixed{snapshot: shop()}, http.MethodGet, "/status?refresh=0")
	content := body(t, response)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	golden := filepath.Join("testdata", "page.golden.html")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(content), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), content)
}

// What others wrote is text, never markup; and nothing is loaded from anywhere.
func TestPageIsClosed(t *testing.T) {
	for _, target := range []string{"/status", `/status?cluster=%22%3E%3Cscript%3Ealert(1)%3C/script%3E`} {
		response := get(t, fixed{snapshot: shop()}, http.MethodGet, target)
		content := body(t, response)
		require.NoError(t, response.Body.Close())
		assert.NotContains(t, content, "<script")
		policy := response.Header.Get("Content-Security-Policy")
		assert.True(t, strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-"), policy)
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		for _, attribute := range attributes(t, content) {
			switch attribute.Key {
			case "src", "style", "srcset", "action", "onload", "onclick":
				t.Errorf("%s=%q", attribute.Key, attribute.Val)
			case "href":
				assert.Regexp(t, `^(\?|data:,$)`, attribute.Val)
			}
		}
	}
}

func attributes(t *testing.T, content string) []html.Attribute {
	t.Helper()
	document, err := html.Parse(strings.NewReader(content))
	require.NoError(t, err)
	var found []html.Attribute
	for node := range document.Descendants() {
		found = append(found, node.Attr...)
	}
	require.NotEmpty(t, found)
	return found
}

func TestDataOfThePage(t *testing.T) {
	response := get(t, fixed{snapshot: shop()}, http.MethodGet, "/status.json")
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	var page Page
	require.NoError(t, json.Unmarshal([]byte(body(t, response)), &page))
	assert.Equal(t, "shop-cp-1", page.Clusters[0].Machines[0].Name)
	assert.Equal(t, 95*time.Second, page.Clusters[0].Machines[0].Took)
	assert.Equal(t, "192.0.2.11", page.Pools[0].Holders[1].Address)
	assert.Equal(t, shop().Lacks, page.Lacks)

	empty := get(t, fixed{}, http.MethodGet, "/status.json")
	assert.NotContains(t, body(t, empty), "null", "lists are empty, not missing")
	require.NoError(t, empty.Body.Close())
}

func TestPageIsForReading(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		response := get(t, fixed{snapshot: shop()}, method, "/status")
		assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode, method)
		assert.Equal(t, "GET, HEAD", response.Header.Get("Allow"))
		require.NoError(t, response.Body.Close())
	}
	response := get(t, fixed{snapshot: shop()}, http.MethodHead, "/status")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Empty(t, body(t, response))
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	response := get(t, fixed{err: errors.New("list the Clusters: no answer")}, http.MethodGet, "/status")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Contains(t, body(t, response), "list the Clusters: no answer")
}

func TestReaderChoosesHowOftenToLoad(t *testing.T) {
	for target, want := range map[string]string{
		"/status": `content="10"`, "/status?refresh=30": `content="30"`, "/status?refresh=1": `content="10"`, "/status?refresh=x": `content="10"`, "/status?refresh=0": "",
	} {
		response := get(t, fixed{}, http.MethodGet, target)
		content := body(t, response)
		require.NoError(t, response.Body.Close())
		if want == "" {
			assert.NotContains(t, content, `http-equiv="refresh"`)
			continue
		}
		assert.Contains(t, content, `<meta http-equiv="refresh" `+want+">", target)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m 1s", 2*time.Hour + 3*time.Minute: "2h 3m", 50 * time.Hour: "2d 2h",
	} {
		assert.Equal(t, want, span(d))
	}
}
