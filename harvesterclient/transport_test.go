package harvesterclient

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"pgregory.net/rapid"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func TestDescribeRequest(t *testing.T) {
	t.Parallel()
	const prefix = "/k8s/clusters/c-1"
	for request, want := range map[string][2]string{
		"GET /api/v1/namespaces":                                                    {"list", "namespaces"},
		"GET /api/v1/namespaces/a":                                                  {"get", "namespaces"},
		"PUT /api/v1/namespaces/a/finalize":                                         {"update", "namespaces/finalize"},
		"GET /api/v1/namespaces/a/secrets":                                          {"list", "secrets"},
		"GET /api/v1/namespaces/a/secrets/b":                                        {"get", "secrets"},
		"POST /api/v1/namespaces/a/secrets":                                         {"create", "secrets"},
		"GET /apis/kubevirt.io/v1/virtualmachines?watch=true":                       {"watch", "virtualmachines"},
		"GET /apis/kubevirt.io/v1/virtualmachines?limit=1":                          {"list", "virtualmachines"},
		"PATCH /apis/kubevirt.io/v1/namespaces/a/virtualmachines/b":                 {"patch", "virtualmachines"},
		"PUT /apis/kubevirt.io/v1/namespaces/a/virtualmachines/b/status":            {"update", "virtualmachines/status"},
		"DELETE /apis/kubevirt.io/v1/namespaces/a/virtualmachines/b":                {"delete", "virtualmachines"},
		"DELETE /apis/kubevirt.io/v1/namespaces/a/virtualmachines":                  {"deletecollection", "virtualmachines"},
		"PUT /apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachines/b/stop": {"update", "virtualmachines/stop"},
		"GET /apis/loadbalancer.harvesterhci.io/v1beta1/ippools/p":                  {"get", "ippools"},
		"GET /apis":            {"get", "discovery"},
		"GET /api/v1":          {"get", "discovery"},
		"GET /apis/apps/v1":    {"get", "discovery"},
		"GET /version":         {"get", "nonresource"},
		"GET /":                {"get", "nonresource"},
		"GET /version/" + "x/": {"get", "nonresource"},
	} {
		for _, p := range []string{"", prefix, prefix + "/"} {
			method, path, _ := strings.Cut(request, " ")
			target, err := url.Parse("https://h" + prefixOf(p) + path)
			require.NoError(t, err)
			verb, resource := describeRequest(method, target, p)
			assert.Equal(t, want, [2]string{verb, resource}, "%s under %q", request, p)
		}
	}
}

func prefixOf(p string) string {
	if p == "" {
		return ""
	}

	return "/k8s/clusters/c-1"
}

// No URL makes it panic, and the labels it gives never hold a name.
func TestDescribeRequestIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"", "api", "apis", "v1", "namespaces", "g", "name"})
		path := "/"
		for _, p := range rapid.SliceOfN(part, 0, 8).Draw(t, "parts") {
			path += p + "/"
		}
		verb, resource := describeRequest(rapid.SampledFrom([]string{"GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"}).Draw(t, "method"), &url.URL{Path: path}, "")
		require.NotEmpty(t, verb)
		require.LessOrEqual(t, strings.Count(resource, "/"), 1)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestObservedTransport(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, tc := range map[string]struct {
		ctx       context.Context //nolint:containedctx // a table of requests
		code      int
		err       error
		counted   string
		suspicion bool
	}{
		"fine":            {context.Background(), 200, nil, "200", false},
		"not found":       {context.Background(), 404, nil, "404", false},
		"forbidden":       {context.Background(), 403, nil, "403", false},
		"overloaded":      {context.Background(), 429, nil, "429", false},
		"internal error":  {context.Background(), 500, nil, "500", false},
		"unknown":         {context.Background(), 401, nil, "401", true},
		"proxy lost it":   {context.Background(), 502, nil, "502", true},
		"unavailable":     {context.Background(), 503, nil, "503", true},
		"no answer":       {context.Background(), 0, http.ErrHandlerTimeout, "error", true},
		"caller gave up":  {cancelled, 0, context.Canceled, "error", false},
		"gateway timeout": {context.Background(), 504, nil, "504", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counted string
			suspected := false
			transport := &observedTransport{
				next:    roundTripper(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: tc.code}, tc.err }),
				count:   func(_, _, code string) { counted = code },
				suspect: func() { suspected = true },
			}
			request, err := http.NewRequestWithContext(tc.ctx, http.MethodGet, "https://h/api/v1/nodes", nil)
			require.NoError(t, err)
			_, err = transport.RoundTrip(request) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, tc.err)
			assert.Equal(t, tc.counted, counted)
			assert.Equal(t, tc.suspicion, suspected)
		})
	}
}

// The process's own transport is no one's to touch.
func TestTransportIsOurOwn(t *testing.T) {
	t.Parallel()
	transport, _, err := newTransport(&rest.Config{Host: "https://h"}, 1)
	require.NoError(t, err)
	assert.NotSame(t, http.DefaultTransport, transport)
	again, _, err := newTransport(&rest.Config{Host: "https://h"}, 1)
	require.NoError(t, err)
	assert.NotSame(t, again, transport)
}

func TestSocketsAreDrained(t *testing.T) {
	t.Parallel()
	var held net.Conn
	s := newSockets(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		held = theirs
		return ours, nil
	})
	first, err := s.dialContext(t.Context(), "", "")
	require.NoError(t, err)
	_, err = s.dialContext(t.Context(), "", "")
	require.NoError(t, err)
	s.drain(func() { _ = first.Close() }, 50*time.Millisecond)
	assert.Zero(t, s.count())
	_, err = held.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the one that did not end by itself was closed")
	_, err = s.dialContext(t.Context(), "", "")
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestStrip(t *testing.T) {
	t.Parallel()
	long := string(make([]byte, maxCachedAnnotation+1))
	managed := []metav1.ManagedFieldsEntry{{Manager: "x"}}
	pool := &lbv1.IPPool{ObjectMeta: metav1.ObjectMeta{ManagedFields: managed, Annotations: map[string]string{"a": long}}}
	_, err := strip(pool)
	require.NoError(t, err)
	assert.Empty(t, pool.ManagedFields)
	assert.Contains(t, pool.Annotations, "a", "an update made from the cache must not erase it")

	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{ManagedFields: managed, Annotations: map[string]string{"a": long, "b": "c"}}}
	_, err = strip(vm)
	require.NoError(t, err)
	assert.Empty(t, vm.ManagedFields)
	assert.Equal(t, map[string]string{"b": "c"}, vm.Annotations)

	tombstone := toolscache.DeletedFinalStateUnknown{Key: "a"}
	kept, err := strip(tombstone)
	require.NoError(t, err)
	assert.Equal(t, tombstone, kept)
}

func TestMapperKnowsWithoutAsking(t *testing.T) {
	t.Parallel()
	asked := 0
	refusing := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		asked++
		return nil, http.ErrHandlerTimeout
	})}
	mapper, err := newMapper(&rest.Config{Host: "https://h"}, refusing)
	require.NoError(t, err)
	scheme := NewScheme()
	for _, kinds := range knownKinds {
		for _, kind := range append(append([]string{}, kinds.namespaced...), kinds.cluster...) {
			gvk := kinds.version.WithKind(kind)
			assert.True(t, scheme.Recognizes(gvk), gvk)
			_, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
			require.NoError(t, err)
		}
	}
	for kind, want := range map[string]string{
		"k8s.cni.cncf.io/v1/NetworkAttachmentDefinition": "network-attachment-definitions",
		"kubevirt.io/v1/VirtualMachineInstance":          "virtualmachineinstances",
		"harvesterhci.io/v1beta1/VirtualMachineImage":    "virtualmachineimages",
		"loadbalancer.harvesterhci.io/v1beta1/IPPool":    "ippools",
		"storage.k8s.io/v1/StorageClass":                 "storageclasses",
		"discovery.k8s.io/v1/EndpointSlice":              "endpointslices",
	} {
		parts := strings.Split(kind, "/")
		mapping, err := mapper.RESTMapping(schema.GroupKind{Group: parts[0], Kind: parts[2]}, parts[1])
		require.NoError(t, err)
		assert.Equal(t, want, mapping.Resource.Resource)
	}
	assert.Zero(t, asked)
	_, err = mapper.RESTMapping(schema.GroupKind{Group: "longhorn.io", Kind: "Volume"}, "v1beta2")
	require.Error(t, err)
	assert.Positive(t, asked, "any other kind is looked up")
}
