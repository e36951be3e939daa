package management

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/pki"
)

// Management is a running management cluster. Safe for concurrent use.
type Management struct {
	options Options
	cp      *controlplane.ControlPlane
	ca      *pki.CA
	client  client.Client

	mu       sync.Mutex
	managers map[string]*Manager
}

// installation is what one component brings, ready to be applied.
type installation struct {
	component  Component
	endpoints  endpoints
	crds, rest []*unstructured.Unstructured
}

// Start brings up the control plane, installs every component and runs its
// manager; it returns when all managers are ready. When it fails, nothing is
// left running. ctx bounds the start only.
func Start(ctx context.Context, options Options) (*Management, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &Management{options: options, managers: map[string]*Manager{}}
	if err := m.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("management cluster: %w", err), m.Stop(context.WithoutCancel(ctx)))
	}
	return m, nil
}

// start goes in the only order that needs no retry: API server, CRDs,
// controllers (the garbage collector must find the CRDs), then the managers.
func (m *Management) start(ctx context.Context) error {
	installations, err := m.prepare()
	if err != nil {
		return err
	}
	err = m.options.timed("management API server and etcd", func() error {
		m.cp, err = controlplane.Start(ctx, controlplane.Options{
			Name: "management", Dir: filepath.Join(m.options.Dir, "controlplane"), AssetsDir: m.options.Paths.Assets(),
		})
		return err
	})
	if err != nil {
		return err
	}
	if m.client, err = newClient(m.cp.Config()); err != nil {
		return err
	}
	err = m.options.timed("custom resource definitions", func() error {
		var crds []*unstructured.Unstructured
		for _, i := range installations {
			crds = append(crds, i.crds...)
		}
		return applyCRDs(ctx, m.client, crds)
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return m.options.timed("management controllers", func() error {
			return m.cp.StartControllers(ctx, controlplane.Controllers...)
		})
	})
	for _, i := range installations {
		group.Go(func() error {
			return m.options.timed(i.component.Title, func() error { return m.install(ctx, i) })
		})
	}
	return group.Wait()
}

// Add installs one more component on the running management cluster and runs its manager, as an operator installs or upgrades
// a provider: CRDs of an older release, and objects stored by it, may be there. It returns when the manager is ready.
func (m *Management) Add(ctx context.Context, component Component) error {
	ports, err := controlplane.FreePorts(2)
	if err != nil {
		return err
	}
	added, err := m.prepareOne(component, ports[0], ports[1])
	if err == nil {
		err = applyCRDs(ctx, m.client, added.crds)
	}
	if err == nil {
		err = m.install(ctx, added)
	}
	if err != nil {
		return fmt.Errorf("adding %s: %w", component.Title, err)
	}
	return nil
}

// prepare reads every component's manifests and decides where it listens.
func (m *Management) prepare() ([]installation, error) {
	var err error
	if m.ca, err = pki.NewCA("management-webhooks"); err != nil {
		return nil, err
	}
	ports, err := controlplane.FreePorts(2 * len(m.options.Components))
	if err != nil {
		return nil, err
	}
	var installations []installation
	for i, component := range m.options.Components {
		prepared, err := m.prepareOne(component, ports[2*i], ports[2*i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", component.Title, err)
		}
		installations = append(installations, prepared)
	}
	return installations, nil
}

func (m *Management) prepareOne(component Component, webhookPort, healthPort int) (installation, error) {
	i := installation{component: component, endpoints: endpoints{
		webhook: webhookPort, health: healthPort, certDir: filepath.Join(m.dir(component), "webhook-certs"),
	}}
	stream, err := component.manifests(m.options.Paths)
	if err != nil {
		return i, err
	}
	objects, err := Parse(stream)
	if err != nil {
		return i, err
	}
	i.crds, i.rest = Split(objects)
	if err := Redirect(append(append([]*unstructured.Unstructured{}, i.crds...), i.rest...), webhookPort, m.ca.Pair().Cert); err != nil {
		return i, err
	}
	pair, err := m.ca.Server(component.Name+"-webhooks", "127.0.0.1", "localhost")
	if err != nil {
		return i, err
	}
	_, _, err = pair.Write(i.endpoints.certDir, "tls")
	return i, err
}

// dir holds what belongs to one component's manager.
func (m *Management) dir(component Component) string {
	return filepath.Join(m.options.Dir, component.Name)
}

// install applies what a component brings besides CRDs and runs its manager.
func (m *Management) install(ctx context.Context, i installation) error {
	if err := Apply(ctx, m.client, namespacesFirst(i.rest)); err != nil {
		return err
	}
	if err := awaitAggregation(ctx, m.client, i.rest); err != nil {
		return err
	}
	config, err := m.cp.ServiceAccountConfig(ctx, i.component.Namespace, i.component.ServiceAccount)
	if err != nil {
		return err
	}
	content, err := m.cp.Kubeconfig(config)
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(m.dir(i.component), "kubeconfig")
	if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig of %s: %w", i.component.Title, err)
	}
	manager := newManager(i.component, m.options.Paths.Program(i.component.Program), kubeconfig, filepath.Join(m.dir(i.component), "manager.log"), i.endpoints)
	if err := manager.start(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.managers[i.component.Name] = manager
	return nil
}

// namespacesFirst moves namespaces to the front and keeps the order otherwise.
func namespacesFirst(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	var namespaces, others []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			namespaces = append(namespaces, object)
		} else {
			others = append(others, object)
		}
	}
	return append(namespaces, others...)
}

// Stop ends all managers, then the control plane. It returns when they are
// gone; stopping twice is harmless.
func (m *Management) Stop(ctx context.Context) error {
	m.mu.Lock()
	managers := m.managers
	m.managers = map[string]*Manager{}
	m.mu.Unlock()
	var group errgroup.Group
	for _, manager := range managers {
		group.Go(func() error { return manager.stop(ctx) })
	}
	err := group.Wait()
	if m.cp != nil {
		err = errors.Join(err, m.cp.Stop(ctx))
	}
	return err
}

// Manager finds a running manager by its component's name.
func (m *Management) Manager(name string) (*Manager, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	manager, ok := m.managers[name]
	if !ok {
		return nil, fmt.Errorf("the management cluster runs no manager called %q", name)
	}
	return manager, nil
}

// Config reaches the API server as administrator.
func (m *Management) Config() *rest.Config { return m.cp.Config() }

// Kubeconfig is the path of the administrator's kubeconfig file.
func (m *Management) Kubeconfig() string { return m.cp.AdminKubeconfig() }

// PIDs are the control plane's process ids, in the order of their start.
func (m *Management) PIDs() []int { return m.cp.PIDs() }

// Client reads and writes any object as administrator, uncached.
func (m *Management) Client() client.Client { return m.client }
