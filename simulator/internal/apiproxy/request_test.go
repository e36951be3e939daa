package apiproxy_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
)

func TestParse(t *testing.T) {
	tests := map[string]apiproxy.Request{
		"GET /api/v1/namespaces/default/secrets/a":                               {Verb: "get", Resource: "secrets", Namespace: "default", Name: "a"},
		"GET /api/v1/namespaces/default/secrets":                                 {Verb: "list", Resource: "secrets", Namespace: "default"},
		"GET /api/v1/nodes?watch=true":                                           {Verb: "watch", Resource: "nodes"},
		"GET /api/v1/namespaces/default":                                         {Verb: "get", Resource: "namespaces", Name: "default"},
		"PUT /api/v1/namespaces/default/finalize":                                {Verb: "update", Resource: "namespaces/finalize", Name: "default"},
		"GET /api/v1/namespaces":                                                 {Verb: "list", Resource: "namespaces"},
		"POST /apis/kubevirt.io/v1/namespaces/default/virtualmachines":           {Verb: "create", Group: "kubevirt.io", Resource: "virtualmachines", Namespace: "default"},
		"PATCH /apis/kubevirt.io/v1/namespaces/default/virtualmachines/a/status": {Verb: "patch", Group: "kubevirt.io", Resource: "virtualmachines/status", Namespace: "default", Name: "a"},
		"DELETE /apis/loadbalancer.harvesterhci.io/v1beta1/ippools/p":            {Verb: "delete", Group: "loadbalancer.harvesterhci.io", Resource: "ippools", Name: "p"},
		"DELETE /apis/loadbalancer.harvesterhci.io/v1beta1/ippools":              {Verb: "deletecollection", Group: "loadbalancer.harvesterhci.io", Resource: "ippools"},
		"GET /apis":                     {Verb: "get"},
		"GET /apis/kubevirt.io/v1":      {Verb: "get"},
		"GET /version":                  {Verb: "get"},
		"POST /something/else/entirely": {Verb: "post"},
	}
	for line, want := range tests {
		method, target, _ := strings.Cut(line, " ")
		parsed, err := url.Parse(target)
		require.NoError(t, err)
		assert.Equal(t, want, apiproxy.Parse(method, parsed), line)
	}
}

func TestIsWrite(t *testing.T) {
	for _, verb := range []string{"create", "update", "patch", "delete", "deletecollection"} {
		assert.True(t, apiproxy.Request{Verb: verb, Resource: "x"}.IsWrite())
	}
	assert.False(t, apiproxy.Request{Verb: "list", Resource: "x"}.IsWrite())
	assert.False(t, apiproxy.Request{Verb: "delete"}.IsWrite())
}

func FuzzParse(f *testing.F) {
	f.Add("GET", "/api/v1/namespaces/default/secrets/a")
	f.Add("PUT", "/apis/a/b/c/d/e/f/g")
	f.Fuzz(func(t *testing.T, method, path string) {
		request := apiproxy.Parse(method, &url.URL{Path: path})
		if request.Resource == "" && (request.Name != "" || request.Namespace != "") {
			t.Fatalf("%q names an object but no resource: %+v", path, request)
		}
	})
}
