package harvesterclient

import (
	"net/http"
	"net/url"
	"strings"
)

// describeRequest tells what a request does in Kubernetes' terms. The number of different answers is bounded by
// the number of resources: names and namespaces are left out.
func describeRequest(method string, target *url.URL, prefix string) (verb, resource string) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(target.Path, strings.TrimSuffix(prefix, "/")), "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	case len(parts) > 0 && (parts[0] == "api" || parts[0] == "apis"):
		return "get", "discovery"
	default:
		return "get", "nonresource"
	}
	// A namespace's own two subresources stand where everything else has a resource.
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		parts = parts[2:]
	}
	resource = parts[0]
	if len(parts) > 2 {
		resource += "/" + parts[2]
	}

	return requestVerb(method, len(parts) > 1, target.Query()), resource
}

func requestVerb(method string, named bool, query url.Values) string {
	switch method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if named {
			return "delete"
		}
		return "deletecollection"
	}
	switch {
	case query.Get("watch") == "true" || query.Get("watch") == "1":
		return "watch"
	case named:
		return "get"
	default:
		return "list"
	}
}
