package apiproxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
)

// backend answers like an apiserver whose objects change with every request.
type backend struct {
	*httptest.Server
	version atomic.Int64
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{}
	b.Server = httptest.NewTLSServer(http.HandlerFunc(func(to http.ResponseWriter, from *http.Request) {
		to.Header().Set("Content-Type", "application/json")
		if from.URL.Query().Get("watch") == "true" {
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(to, "{\"event\":%d}\n", i); err != nil {
					return
				}
				_ = http.NewResponseController(to).Flush()
				select {
				case <-from.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
		fmt.Fprintf(to, `{"path":%q,"token":%q,"metadata":{"name":"a","uid":"u","resourceVersion":"%d","finalizers":["f"]},"data":{"secret":"hidden"}}`,
			from.URL.Path, from.Header.Get("Authorization"), b.version.Add(1))
	}))
	t.Cleanup(b.Close)
	return b
}

// through starts a proxy in front of a backend and returns a client for it.
func through(t *testing.T, b *backend, change func(*apiproxy.Options)) (*apiproxy.Proxy, *http.Client) {
	t.Helper()
	options := apiproxy.Options{
		Target: &rest.Config{Host: b.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}, Dir: t.TempDir(), Log: logr.Discard(), Seed: 7,
	}
	if change != nil {
		change(&options)
	}
	proxy, err := apiproxy.Start(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, proxy.Close(context.Background())) })
	return proxy, clientFor(t, proxy)
}

func clientFor(t *testing.T, proxy *apiproxy.Proxy) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(proxy.CABundle()))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 2 * time.Minute}
}

// do sends a request and returns the answer's code and body; code 0 means that there was none.
func do(client *http.Client, method, url string) (code int, body string, header http.Header) {
	request, err := http.NewRequest(method, url, http.NoBody)
	if err != nil {
		return 0, err.Error(), nil
	}
	request.Header.Set("Authorization", "Bearer t")
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return response.StatusCode, string(data), response.Header
}

const (
	pools = "/apis/loadbalancer.harvesterhci.io/v1beta1/ippools"
	vms   = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines"
)

func TestRequestsPassWithTheClientsCredentials(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	code, body, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	assert.Equal(t, 200, code)
	assert.Contains(t, body, `"token":"Bearer t"`)
	assert.Equal(t, map[apiproxy.Key]int{{Verb: "get", Resource: "ippools", Code: 200}: 1}, proxy.Counts().All())
}

func TestPathPrefix(t *testing.T) {
	proxy, client := through(t, newBackend(t), func(options *apiproxy.Options) { options.PathPrefix = "/k8s/clusters/c-m-test" })
	assert.Contains(t, proxy.URL(), "/k8s/clusters/c-m-test")
	code, body, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	assert.Equal(t, 200, code)
	assert.Contains(t, body, `"path":"`+pools+`/a"`)
	for _, path := range []string{"", pools, "/k8s/clusters/c-m-testing" + pools} {
		code, _, _ = do(client, http.MethodGet, proxy.URL()[:len(proxy.URL())-len("/k8s/clusters/c-m-test")]+path)
		assert.Equal(t, 404, code, path)
	}
}

func TestStatusFaults(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	tests := []struct {
		rule       apiproxy.Rule
		code       int
		reason     metav1.StatusReason
		says       string
		retryAfter string
	}{
		{apiproxy.Rule{Status: 409}, 409, metav1.StatusReasonConflict, "the object has been modified", ""},
		{apiproxy.Rule{Status: 429, RetryAfter: 1500 * time.Millisecond}, 429, metav1.StatusReasonTooManyRequests, "too many requests", "2"},
		{apiproxy.Rule{Status: 500}, 500, metav1.StatusReasonInternalError, "an error on the server", ""},
		{apiproxy.Rule{Status: 401}, 401, metav1.StatusReasonUnauthorized, "Unauthorized", ""},
		{apiproxy.Rule{Denial: "validator.harvesterhci.io", Message: "no"}, 500, metav1.StatusReasonInternalError, `admission webhook "validator.harvesterhci.io" denied the request: no`, ""},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.code, test.rule.Denial), func(t *testing.T) {
			test.rule.Name = "r"
			require.NoError(t, proxy.Faults().Add(test.rule))
			defer proxy.Faults().Clear()
			code, body, header := do(client, http.MethodPut, proxy.URL()+pools+"/a")
			assert.Equal(t, test.code, code)
			var status metav1.Status
			require.NoError(t, json.Unmarshal([]byte(body), &status))
			assert.Equal(t, test.reason, status.Reason)
			assert.Contains(t, status.Message, test.says)
			assert.Equal(t, test.retryAfter, header.Get("Retry-After"))
			assert.Equal(t, 1, proxy.Faults().Hits("r"))
		})
	}
}

func TestFaultsHitWhatTheyMatchOnly(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{
		Name: "r", Verbs: []string{"update", "patch"}, Resources: []string{"virtualmachines", "virtualmachines/*"}, Namespace: "def.*", Object: "a|b", Status: 500,
	}))
	for line, want := range map[string]int{
		"PUT " + vms + "/a": 500, "PATCH " + vms + "/b/status": 500,
		"GET " + vms + "/a": 200, "PUT " + vms + "/ab": 200, "PUT " + pools + "/a": 200,
		"PUT /apis/kubevirt.io/v1/namespaces/other/virtualmachines/a": 200,
	} {
		var method, path string
		_, err := fmt.Sscan(line, &method, &path)
		require.NoError(t, err)
		code, _, _ := do(client, method, proxy.URL()+path)
		assert.Equal(t, want, code, line)
	}
	assert.True(t, proxy.Faults().Remove("r"))
	assert.False(t, proxy.Faults().Remove("r"))
	code, _, _ := do(client, http.MethodPut, proxy.URL()+vms+"/a")
	assert.Equal(t, 200, code)
}

func TestFaultsAreSpentAndByChance(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "twice", Status: 409, Count: 2}))
	var codes []int
	for range 4 {
		code, _, _ := do(client, http.MethodGet, proxy.URL()+pools)
		codes = append(codes, code)
	}
	assert.Equal(t, []int{409, 409, 200, 200}, codes)

	proxy.Faults().Clear()
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "half", Status: 500, Probability: 0.5}))
	hit := 0
	for range 100 {
		if code, _, _ := do(client, http.MethodGet, proxy.URL()+pools); code == 500 {
			hit++
		}
	}
	assert.InDelta(t, 50, hit, 25)
}

func TestInvalidRulesAreRefused(t *testing.T) {
	proxy, _ := through(t, newBackend(t), nil)
	for name, rule := range map[string]apiproxy.Rule{
		"no name":       {Status: 500},
		"no effect":     {Name: "r"},
		"two effects":   {Name: "r", Status: 500, Reset: true},
		"no error":      {Name: "r", Status: 200},
		"probability":   {Name: "r", Status: 500, Probability: 2},
		"bad pattern":   {Name: "r", Status: 500, Object: "("},
		"bad namespace": {Name: "r", Status: 500, Namespace: "["},
	} {
		require.ErrorIs(t, proxy.Faults().Add(rule), apiproxy.ErrInvalidRule, name)
	}
}

func TestLatency(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "slow", Latency: 200 * time.Millisecond}))
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "and broken", Status: 500}))
	started := time.Now()
	code, _, _ := do(client, http.MethodGet, proxy.URL()+pools)
	assert.Equal(t, 500, code)
	assert.GreaterOrEqual(t, time.Since(started), 200*time.Millisecond)
}

func TestStaleReadsRepeatTheFirstAnswer(t *testing.T) {
	b := newBackend(t)
	proxy, client := through(t, b, nil)
	_, before, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "stale", Stale: true, Resources: []string{"ippools"}}))
	_, first, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	_, second, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	_, other, _ := do(client, http.MethodGet, proxy.URL()+pools+"/b")
	assert.NotEqual(t, before, first)
	assert.Equal(t, first, second)
	assert.NotEqual(t, first, other)
	proxy.Faults().Clear()
	_, after, _ := do(client, http.MethodGet, proxy.URL()+pools+"/a")
	assert.NotEqual(t, first, after)
}

func TestLostAnswersTakeEffect(t *testing.T) {
	b := newBackend(t)
	proxy, client := through(t, b, nil)
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "lost", Lost: true, Count: 1, Verbs: []string{"create"}}))
	before := b.version.Load()
	code, _, _ := do(client, http.MethodPost, proxy.URL()+pools)
	assert.Zero(t, code, "the client gets no answer")
	assert.Equal(t, before+1, b.version.Load(), "the request arrived")
}

func TestResetHasNoEffect(t *testing.T) {
	b := newBackend(t)
	proxy, client := through(t, b, nil)
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "reset", Reset: true, Verbs: []string{"create"}}))
	code, _, _ := do(client, http.MethodPost, proxy.URL()+pools)
	assert.Zero(t, code)
	assert.Zero(t, b.version.Load())
	assert.Equal(t, 1, proxy.Counts().All()[apiproxy.Key{Verb: "create", Resource: "ippools"}])
}

// watch opens a watch and returns once its first event arrived, with a channel that is closed when it ends.
func watch(t *testing.T, client *http.Client, url string) (ended chan error) {
	t.Helper()
	return watchCounting(t, client, url, new(atomic.Int64))
}

// watchCounting is watch that also counts what came after the first event.
func watchCounting(t *testing.T, client *http.Client, url string, events *atomic.Int64) (ended chan error) {
	t.Helper()
	response, err := client.Get(url + "?watch=true") //nolint:bodyclose // closed below, when the watch ends
	require.NoError(t, err)
	lines := bufio.NewScanner(response.Body)
	require.True(t, lines.Scan())
	ended = make(chan error, 1)
	go func() {
		for lines.Scan() {
			events.Add(1)
		}
		ended <- lines.Err()
		_ = response.Body.Close()
	}()
	return ended
}

func TestWatchesStreamAndAreDropped(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	ended := watch(t, client, proxy.URL()+pools)
	var events atomic.Int64
	other := watchCounting(t, client, proxy.URL()+vms, &events)
	assert.Equal(t, 1, proxy.Counts().OpenWatches("ippools"))
	assert.Equal(t, 2, proxy.Counts().OpenWatches(""))
	assert.Equal(t, 1, proxy.Faults().DropWatches("ippools"))
	<-ended
	before := events.Load()
	require.Eventually(t, func() bool { return events.Load() >= before+10 }, time.Minute, 5*time.Millisecond, "the other watch goes on")
	assert.Empty(t, other)
	assert.Equal(t, 1, proxy.Faults().DropWatches(""))
	<-other
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "short", DropAfter: 50 * time.Millisecond}))
	<-watch(t, client, proxy.URL()+pools)
	require.Eventually(t, func() bool { return proxy.Counts().OpenWatches("") == 0 }, time.Minute, 5*time.Millisecond)
}

func TestConnectionsCanBeRefusedAndCut(t *testing.T) {
	proxy, client := through(t, newBackend(t), nil)
	ended := watch(t, client, proxy.URL()+pools)
	for _, state := range []apiproxy.ConnectionState{apiproxy.Refused, apiproxy.Cut, apiproxy.Refused} {
		proxy.Faults().Connections(state)
		code, _, _ := do(client, http.MethodGet, proxy.URL()+pools)
		assert.Zero(t, code)
		if state == apiproxy.Refused {
			// The client may still try a connection of before, which was reset; a new one is refused.
			require.Eventually(t, func() bool {
				_, problem, _ := do(client, http.MethodGet, proxy.URL()+pools)
				return strings.Contains(problem, "connection refused")
			}, time.Minute, 5*time.Millisecond)
		}
	}
	<-ended
	proxy.Faults().Connections(apiproxy.Open)
	code, _, _ := do(client, http.MethodGet, proxy.URL()+pools)
	assert.Equal(t, 200, code)
}

func TestAddressAndCertificateOutliveARestart(t *testing.T) {
	b := newBackend(t)
	dir := t.TempDir()
	options := func(o *apiproxy.Options) { o.Dir = dir }
	first, client := through(t, b, options)
	address, ca := first.URL(), first.CABundle()
	client.CloseIdleConnections()
	require.NoError(t, first.Close(context.Background()))
	second, _ := through(t, b, options)
	assert.Equal(t, address, second.URL())
	assert.Equal(t, ca, second.CABundle())
	code, _, _ := do(client, http.MethodGet, second.URL()+pools)
	assert.Equal(t, 200, code, "a client of the first run trusts the second")
}

func TestWritesAreRecordedWithoutTheirData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	log, err := history.Open(path, time.Now)
	require.NoError(t, err)
	proxy, client := through(t, newBackend(t), func(options *apiproxy.Options) { options.History = log })
	do(client, http.MethodGet, proxy.URL()+pools+"/a")
	do(client, http.MethodPost, proxy.URL()+"/api/v1/namespaces/default/secrets")
	require.NoError(t, proxy.Faults().Add(apiproxy.Rule{Name: "no", Status: 403}))
	do(client, http.MethodDelete, proxy.URL()+vms+"/gone")
	require.NoError(t, proxy.Close(t.Context())) // after it, nothing is recorded any more
	require.NoError(t, log.Close())
	events, err := history.Read(path)
	require.NoError(t, err)
	read := slices.IndexFunc(events, func(event history.Event) bool { return event.Kind == history.ReadRequest })
	require.GreaterOrEqual(t, read, 0)
	assert.Equal(t, history.Event{
		Time: events[read].Time, Kind: history.ReadRequest, Verb: "get", Resource: "ippools.loadbalancer.harvesterhci.io", Name: "a",
		Code: 200, UserAgent: events[read].UserAgent,
	}, events[read])
	events = slices.Delete(events, read, read+1)
	require.Len(t, events, 3)
	assert.Equal(t, history.Event{
		Time: events[0].Time, Kind: history.Write, Verb: "create", Resource: "secrets", Namespace: "default", Name: "a",
		Code: 200, UserAgent: events[0].UserAgent, UID: "u", ResourceVersion: "2", Finalizers: []string{"f"},
	}, events[0])
	assert.Equal(t, history.Fault, events[1].Kind)
	assert.Equal(t, 403, events[2].Code)
	assert.Equal(t, "virtualmachines.kubevirt.io", events[2].Resource)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hidden")
}

func TestNothingRunsAfterClose(t *testing.T) {
	b := newBackend(t)
	before := runtime.NumGoroutine()
	proxy, err := apiproxy.Start(apiproxy.Options{Target: &rest.Config{Host: b.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}, Dir: t.TempDir(), Log: logr.Discard()})
	require.NoError(t, err)
	client := clientFor(t, proxy)
	ended := watch(t, client, proxy.URL()+pools)
	require.NoError(t, proxy.Close(context.Background()))
	<-ended
	client.CloseIdleConnections()
	b.CloseClientConnections()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, time.Minute, 20*time.Millisecond)
}
