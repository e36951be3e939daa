package management

import (
	"bytes"
	"slices"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// WithStatusPage returns the components, of which CAPHV serves its status page at an address of loopback, by HTTP to everyone
// on this machine, with the right that the page needs. The components themselves stay as they are.
func WithStatusPage(components []Component, address string) []Component {
	changed := slices.Clone(components)
	for i := range changed {
		if changed[i].Name != CAPHV {
			continue
		}
		changed[i].Args = append(slices.Clone(changed[i].Args), "--metrics-bind-address="+address, "--insecure-diagnostics", "--status-page")
		changed[i].manifests = joined(changed[i].manifests, kustomized("config/status-page"))
	}
	return changed
}

// joined manifests are one stream.
func joined(parts ...func(build.Paths) ([]byte, error)) func(build.Paths) ([]byte, error) {
	return func(paths build.Paths) ([]byte, error) {
		var streams [][]byte
		for _, part := range parts {
			stream, err := part(paths)
			if err != nil {
				return nil, err
			}
			streams = append(streams, stream)
		}
		return bytes.Join(streams, []byte("\n---\n")), nil
	}
}
