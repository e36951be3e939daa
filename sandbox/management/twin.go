package management

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
)

// StartTwin runs a second manager of a component beside the first, as happens when a Deployment is scaled without leader
// election or when a network is cut in two. It has no webhooks of its own. The returned function ends it; it ends with
// the management cluster at the latest.
func (m *Management) StartTwin(ctx context.Context, name string) (stop func(context.Context) error, err error) {
	first, err := m.Manager(name)
	if err != nil {
		return nil, err
	}
	ports, err := controlplane.FreePorts(2)
	if err != nil {
		return nil, err
	}
	component := first.component
	component.Title += " (twin)"
	component.Args = append(slices.Clone(component.Args), "--enable-webhooks=false", "--metrics-bind-address=0")
	dir := m.dir(component)
	twin := newManager(component, first.spec.Path, filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "twin.log"),
		endpoints{webhook: ports[0], health: ports[1], certDir: filepath.Join(dir, "webhook-certs")})
	if err := twin.start(ctx); err != nil {
		return nil, fmt.Errorf("the twin of %s: %w", name, err)
	}
	key := name + " twin"
	m.mu.Lock()
	m.managers[key] = twin
	m.mu.Unlock()
	return func(ctx context.Context) error {
		m.mu.Lock()
		delete(m.managers, key)
		m.mu.Unlock()
		return twin.stop(ctx)
	}, nil
}
