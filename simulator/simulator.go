package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/admission"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/crds"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/hostvm"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kubevirt"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/platform"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
)

// Harvester is a running simulator. Its methods are safe for concurrent use.
type Harvester struct {
	options Options
	release version.Version
	// dir holds what outlives a restart; temporary is the same if Stop is to remove it.
	dir, temporary string
	// plane is the control plane if the simulator runs it; proxies are its own data path.
	plane   *controlplane.ControlPlane
	proxies *loadbalancer.Proxies
	admin   *rest.Config
	direct  client.Client
	history *history.Log
	hooks   *admission.Server
	// virtAPI is KubeVirt's admission if the simulator runs it; kubevirt is who answers for KubeVirt.
	virtAPI  *virtapi.API
	kubevirt admission.Reviewer
	proxy    *apiproxy.Proxy
	faults   *kubevirt.Faults
	// operations are KubeVirt's subresources.
	operations *kubevirt.Operations

	cancel context.CancelFunc
	ended  chan error

	mu         sync.Mutex
	kubeconfig []byte
}

// InstallCRDs installs the definitions only, and waits until they are served. Start does it too; a caller that starts
// kube-controller-manager in between spares its garbage collector the half minute it takes to discover them.
func InstallCRDs(ctx context.Context, config *rest.Config) error {
	c, err := client.New(config, client.Options{Scheme: NewScheme()})
	if err != nil {
		return fmt.Errorf("install CRDs: %w", err)
	}
	return crds.Install(ctx, c)
}

// Start runs a Harvester: it starts an API server or takes the one of the options, installs CRDs, webhooks, controllers and
// system objects, opens the proxy, and returns once clients can use it. The context bounds Start only; call Stop to end it.
// When Start fails, nothing is left running.
func Start(ctx context.Context, options Options) (*Harvester, error) {
	h := &Harvester{options: options.withDefaults(), ended: make(chan error, 1)}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"read its version", h.readVersion},
		{"make its directory", h.makeDir},
		{"start KubeVirt's admission", h.startAdmission},
		{"start the API server", h.startAPIServer},
		{"install CRDs", h.installCRDs},
		{"start kube-controller-manager", h.startControllerManager},
		{"serve load balancers", h.serveLoadBalancers},
		{"run controllers", h.run},
		{"open the proxy", h.openProxy},
		{"install system objects", h.installPlatform},
		{"make the provider's kubeconfig", h.issueKubeconfig},
		{"wait for KubeVirt's admission", h.awaitAdmission},
	} {
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("start Harvester simulator: %s: %w", step.what, err), h.Stop(context.WithoutCancel(ctx)))
		}
	}
	return h, nil
}

func (h *Harvester) awaitAdmission(ctx context.Context) error {
	if h.virtAPI == nil {
		return nil
	}
	return h.virtAPI.Ready(ctx)
}

func (h *Harvester) installCRDs(ctx context.Context) (err error) {
	if h.direct, err = client.New(h.admin, client.Options{Scheme: NewScheme()}); err != nil {
		return err
	}
	if h.history, err = history.Open(filepath.Join(h.dir, HistoryFile), h.options.Clock.Now); err != nil {
		return err
	}
	return crds.Install(ctx, h.direct)
}

// HistoryFile is the name, in the simulator's directory, of the file that package history reads.
const HistoryFile = "history.jsonl"

// run starts the controllers and registers the webhooks.
func (h *Harvester) run(ctx context.Context) error {
	m, err := ctrl.NewManager(h.admin, manager.Options{
		Scheme: NewScheme(), Logger: h.options.Logger, LeaderElection: false,
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		// The priority queue of controller-runtime 0.24.1 may not end: it holds its lock while it hands out an item that
		// nobody takes any more.
		Controller: config.Controller{UsePriorityQueue: ptr.To(false)},
	})
	if err != nil {
		return err
	}
	env := kit.Env{
		Client: m.GetClient(), Live: m.GetAPIReader(), Clock: h.options.Clock, Quirks: h.release.Quirks(),
		History: h.history, Log: h.options.Logger,
	}
	power := kubevirt.NewPower(h.options.Guests, env.Clock, env.History, env.Log)
	h.faults = kubevirt.NewFaults(env, power)
	h.operations = &kubevirt.Operations{Env: env, Power: power}
	if err := m.Add(power); err != nil {
		return err
	}
	for _, item := range controllers(env, power, h.faults, h.options) {
		if err := item.SetupWithManager(m, controllerOptions()); err != nil {
			return err
		}
	}
	if err := admission.SetupIndexes(ctx, m.GetFieldIndexer()); err != nil {
		return err
	}
	// Machines of an earlier run still have the MACs that it made, so a new run must not make the same.
	macs := h.options.Seed ^ h.options.Clock.Now().UnixNano()
	h.hooks, err = admission.Start(admission.Options{
		Cache: m.GetClient(), Live: m.GetAPIReader(), Quirks: env.Quirks, Seed: macs,
		NoMutators: h.options.NoMutators, KubeVirt: h.kubevirt, Log: env.Log,
	})
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { h.ended <- m.Start(running) }()
	if !m.GetCache().WaitForCacheSync(ctx) {
		return fmt.Errorf("caches did not fill: %w", ctx.Err())
	}
	return h.hooks.Register(ctx, h.direct)
}

func (h *Harvester) installPlatform(ctx context.Context) error {
	vip := h.options.ManagementVIP
	if !vip.IsValid() {
		vip = netip.MustParseAddr("127.0.0.1")
	}
	return platform.Install(ctx, h.direct, platform.Description{
		Version: h.options.Version, VIP: vip, VIPByDHCP: h.options.VIPMode == VIPDHCP,
		IngressExpose: h.release.Quirks().IngressExpose, Hosts: h.options.hosts(),
	})
}

// Admin returns administrator access straight to the apiserver, past the proxy and its faults.
func (h *Harvester) Admin() *rest.Config { return rest.CopyConfig(h.admin) }

// AdminKubeconfig is the kubeconfig of what Admin returns: a secret.
func (h *Harvester) AdminKubeconfig() ([]byte, error) {
	return controlplane.Kubeconfig("harvester", h.admin)
}

// Faults break the API as clients see it through the proxy.
func (h *Harvester) Faults() *Faults { return h.proxy.Faults() }

// Requests counts what went through the proxy.
func (h *Harvester) Requests() *Requests { return h.proxy.Counts() }

// VMs break machines.
func (h *Harvester) VMs() *VMFaults { return h.faults }

// PlugVolume gives a VM a hotplugged volume, as Harvester's storage driver does for a guest cluster.
func (h *Harvester) PlugVolume(ctx context.Context, vm types.NamespacedName, claim string) error {
	return hostvm.PlugVolume(ctx, h.direct, vm, claim, storage.DefaultClass)
}

// LosePool takes a pool's status away, and with it who holds which address: what happens when a pool is replaced by its
// manifest, as it has no status subresource.
func (h *Harvester) LosePool(ctx context.Context, name string) error {
	pool := &lbv1.IPPool{}
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := h.direct.Get(ctx, client.ObjectKey{Name: name}, pool); err != nil {
			return err
		}
		pool.Status = lbv1.IPPoolStatus{}
		return h.direct.Update(ctx, pool)
	})
	if err != nil {
		return fmt.Errorf("take the status of pool %s away: %w", name, err)
	}
	h.history.Record(history.Event{
		Kind: history.Fault, Resource: "ippools", Name: name, ResourceVersion: pool.ResourceVersion, Detail: "lost its status",
	})
	return nil
}

// URL is where the proxy is reached, with the path prefix.
func (h *Harvester) URL() string { return h.proxy.URL() }

// Stop shuts the simulator down: guests are powered off, webhooks and proxy stop answering. The API objects stay, and
// the apiserver refuses writes to what the webhooks validate until a simulator is started again. Stopping twice is harmless.
func (h *Harvester) Stop(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var problems []error
	if h.proxy != nil {
		problems = append(problems, h.proxy.Close(ctx))
		h.proxy.Faults().Clear()
	}
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
		select {
		case err := <-h.ended:
			problems = append(problems, err)
		case <-ctx.Done():
			problems = append(problems, fmt.Errorf("controllers do not end: %w", ctx.Err()))
		}
	}
	if h.hooks != nil {
		problems = append(problems, h.hooks.Stop(ctx))
		h.hooks = nil
	}
	if h.virtAPI != nil {
		h.virtAPI.Stop()
	}
	problems = append(problems, h.history.Close())
	h.history = nil
	problems = append(problems, h.stopPlane(ctx)...)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("stop Harvester simulator: %w", err)
	}
	return nil
}
