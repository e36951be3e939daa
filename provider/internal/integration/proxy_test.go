package integration

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// proxy stands in front of the Harvester API server and counts, records and spoils requests.
type proxy struct {
	server *httptest.Server

	mu     sync.Mutex
	writes []string
	// all are the requests since resetRequests, watches and lists of caches excepted.
	all []string
	// cut is the number of the write after which the answer is lost; 0 means none.
	cut int
	// refuse answers every request with this status code; 0 passes them on.
	refuse int
	// answers are given in place of the server's, by path.
	answers map[string]answer
	// hooks run once, before a request of that method and plural is passed on.
	hooks map[string]func()
	// problem reports a write that could hit another object than the one that was looked at.
	problem func(format string, args ...any)
	// unwatchable refuses watches on single objects, as to an account without the right.
	unwatchable bool
}

func newProxy(t *testing.T, backend *rest.Config) *proxy {
	t.Helper()
	transport, err := rest.TransportFor(backend)
	require.NoError(t, err)
	target, err := url.Parse(backend.Host)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.Transport = transport
	forward.FlushInterval = -1
	p := &proxy{problem: t.Errorf}
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forward) }))
	t.Cleanup(p.server.Close)
	return p
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	r.Header.Del("Authorization")
	p.requirePreconditions(r)
	if p.answered(w, r) {
		return
	}
	p.runHook(r.Method + " " + pluralOf(r.URL.Path))
	p.mu.Lock()
	refuse := p.refuse
	lost := false
	unwatchable := p.unwatchable && r.URL.Query().Get("watch") != "" && strings.Contains(r.URL.Query().Get("fieldSelector"), "metadata.name=")
	if r.URL.Query().Get("watch") == "" && !strings.Contains(r.URL.RawQuery, "limit=") && strings.Count(r.URL.Path, "/") > 3 {
		p.all = append(p.all, r.Method+" "+r.URL.Path)
	}
	if r.Method != http.MethodGet {
		p.writes = append(p.writes, r.Method+" "+pluralOf(r.URL.Path))
		lost = p.cut != 0 && len(p.writes) == p.cut
	}
	p.mu.Unlock()
	if unwatchable {
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, http.StatusForbidden)
		return
	}
	if refuse != 0 {
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`, refuse)
		return
	}
	if !lost {
		forward.ServeHTTP(w, r)
		return
	}
	forward.ServeHTTP(httptest.NewRecorder(), r)
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// requirePreconditions reports a change or a deletion that does not say which object it means, and in which version: between
// our look and our write it may have been replaced, or have become someone else's. It holds for every test.
func (p *proxy) requirePreconditions(r *http.Request) {
	if r.Method != http.MethodDelete && r.Method != http.MethodPatch && r.Method != http.MethodPut {
		return
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	sent, malformed := parseWrite(body)
	if err = errors.Join(err, malformed); err != nil {
		p.problem("%s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	if r.Method == http.MethodDelete && (sent.Preconditions.UID == nil || sent.Preconditions.ResourceVersion == nil) {
		p.problem("%s %s names no UID and version: %s", r.Method, r.URL.Path, body)
	}
	if r.Method != http.MethodDelete && sent.Metadata.ResourceVersion == "" {
		p.problem("%s %s names no version", r.Method, r.URL.Path)
	}
}

// written is what a write says about the object that it means.
type written struct {
	Metadata      metav1.ObjectMeta    `json:"metadata"`
	Preconditions metav1.Preconditions `json:"preconditions"`
}

// parseWrite reads an object, a merge patch or the options of a deletion, in JSON or, as for Kubernetes' own kinds, in protobuf.
func parseWrite(body []byte) (sent written, err error) {
	if !bytes.HasPrefix(body, []byte("k8s\x00")) {
		err = json.Unmarshal(body, &sent)
		return sent, err
	}
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return sent, err
	}
	if options, ok := decoded.(*metav1.DeleteOptions); ok {
		if options.Preconditions != nil {
			sent.Preconditions = *options.Preconditions
		}
		return sent, nil
	}
	object, err := meta.Accessor(decoded)
	if err == nil {
		sent.Metadata.ResourceVersion = object.GetResourceVersion()
	}
	return sent, err
}

type answer struct {
	code int
	body string
}

// answer has every GET of a path answered by the proxy; a code of 0 has the server answer again.
func (p *proxy) answer(path string, code int, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers = map[string]answer{path: {code: code, body: body}}
}

func (p *proxy) answered(w http.ResponseWriter, r *http.Request) bool {
	p.mu.Lock()
	given := p.answers[r.URL.Path]
	p.mu.Unlock()
	if given.code == 0 || r.Method != http.MethodGet {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(given.code)
	_, _ = io.WriteString(w, given.body)
	return true
}

// before has something happen between our look and the next request of that method and plural.
func (p *proxy) before(request string, happens func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = map[string]func(){request: happens}
}

func (p *proxy) runHook(request string) {
	p.mu.Lock()
	hook := p.hooks[request]
	delete(p.hooks, request)
	p.mu.Unlock()
	if hook != nil {
		hook()
	}
}

// pluralOf is the plural of the resource that a path is about.
func pluralOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		if part == "namespaces" && i+2 < len(parts) {
			return parts[i+2]
		}
	}
	if len(parts) > 3 && parts[0] == "apis" {
		return parts[3]
	}
	if len(parts) > 2 {
		return parts[2]
	}
	return path
}

// cutAfter loses the answer of the n-th write from now on; 0 loses none.
func (p *proxy) cutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes, p.cut = nil, n
}

func (p *proxy) setRefuse(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = code
}

func (p *proxy) setUnwatchable(unwatchable bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unwatchable = unwatchable
}

// requests are those since the last call.
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.all
	p.all = nil
	return all
}

// written are the writes since the last cutAfter.
func (p *proxy) written() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.writes...)
}

// kubeconfig is one as an operator would put into the identity Secret.
func (p *proxy) kubeconfig(t *testing.T, token string) []byte {
	t.Helper()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	content, err := clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"harvester": {Server: p.server.URL, CertificateAuthorityData: authority}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"caphv": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"harvester": {Cluster: "harvester", AuthInfo: "caphv"}},
		CurrentContext: "harvester",
	})
	require.NoError(t, err)
	return content
}
