package apiproxy

import (
	"net/http"
	"net/url"
	"strings"
)

// Request is what a Kubernetes API request asks for, as far as a fault or a count distinguishes them.
type Request struct {
	// Verb is the API's: get, list, watch, create, update, patch, delete, deletecollection. For paths that name no
	// resource it is the HTTP method in lower case.
	Verb string
	// Group is the API group, empty for the core group.
	Group string
	// Resource is the plural name, with /subresource if there is one; empty for paths that name no resource.
	Resource string
	// Namespace and Name are empty where they do not apply.
	Namespace, Name string
}

// IsWrite tells whether the request can change something.
func (r Request) IsWrite() bool {
	switch r.Verb {
	case "create", "update", "patch", "delete", "deletecollection":
		return r.Resource != ""
	}
	return false
}

// Parse reads a request's path, method and query.
func Parse(method string, target *url.URL) Request {
	request := Request{Verb: strings.ToLower(method)}
	parts := strings.Split(strings.Trim(target.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		request.Group, parts = parts[1], parts[3:]
	default:
		return request
	}
	// namespaces is a resource of its own when nothing, or only its own subresource, follows.
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		request.Namespace, parts = parts[1], parts[2:]
	}
	request.Resource = parts[0]
	if len(parts) > 1 {
		request.Name = parts[1]
	}
	if len(parts) > 2 {
		request.Resource += "/" + strings.Join(parts[2:], "/")
	}
	request.Verb = verb(method, request.Name, target.Query())
	return request
}

func verb(method, name string, query url.Values) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		if watching := query.Get("watch"); watching == "true" || watching == "1" {
			return "watch"
		}
		if name == "" {
			return "list"
		}
		return "get"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return strings.ToLower(method)
}
