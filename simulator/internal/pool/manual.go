package pool

import (
	"fmt"
	"strings"
)

// releaseRequest is what the manual release annotation asks for: "<ip>: <namespace>/<name>".
type releaseRequest struct {
	Address, Namespace, Name string
}

func (r releaseRequest) id() string { return r.Namespace + "/" + r.Name }

// parseRelease reads the annotation.
func parseRelease(text string) (releaseRequest, error) {
	address, id, found := strings.Cut(text, ":")
	namespace, name, slash := strings.Cut(strings.TrimSpace(id), "/")
	request := releaseRequest{Address: strings.TrimSpace(address), Namespace: namespace, Name: name}
	if !found || !slash || request.Address == "" || namespace == "" || name == "" || strings.Contains(name, "/") {
		return releaseRequest{}, fmt.Errorf("manual release %q: write it as <ip>: <namespace>/<name>", text)
	}
	return request, nil
}
