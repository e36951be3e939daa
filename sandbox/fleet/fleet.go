package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// Pool is the pool that a fleet's machines take their addresses from.
const Pool = "fleet"

// Fleet makes clusters in a sandbox that was started with Options. Safe for concurrent use.
type Fleet struct {
	sandbox    *sandbox.Sandbox
	management client.Client
	harvester  client.Client
	// metrics is the URL of the manager's metrics; empty when it serves none.
	metrics string
	// looks is where it looks whether it may go on: live, or in a cache where nothing is to be seen but what comes or goes.
	looks client.Reader
	// view shows each cluster its own guest; nil where all see the same.
	view *guestView
}

// Options are those of a sandbox for fleets, in a state folder: Cluster API core and CAPHV only, light machines, and the
// manager's metrics and profiles without authentication on loopback. Give the returned URL of them to New.
func Options(root, state string) (options sandbox.Options, metrics string, err error) {
	ports, err := controlplane.FreePorts(1)
	if err != nil {
		return options, "", err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	components := management.Without(management.RKE2Bootstrap, management.RKE2ControlPlane)
	for i := range components {
		if components[i].Name == management.CAPHV {
			components[i].Args = append(slices.Clone(components[i].Args), "--metrics-bind-address="+address, "--metrics-secure=false", "--profiling")
		}
	}
	return sandbox.Options{Root: root, StateDir: state, Light: true, Components: components}, "http://" + address + "/metrics", nil
}

// Seed is what the sandbox's Harvester needs for fleets beyond what it has.
func Seed(network sandbox.Network) simulator.Seed {
	base := network.Machines.Addr().As4()
	at := func(c, d byte) netip.Addr { return netip.AddrFrom4([4]byte{base[0], base[1], c, d}) }
	return simulator.Seed{
		Namespaces: []string{"default"},
		Pools: []simulator.Pool{{
			Name: Pool, Network: sandbox.VMNetwork, Subnet: network.Machines, Gateway: network.Gateway, Priority: 9,
			Start: at(2, 0), End: at(21, 255),
		}},
	}
}

// New returns a fleet in a running sandbox, and prepares Harvester for it. metrics is the URL that Options returned; it
// may be empty for who measures nothing.
func New(ctx context.Context, s *sandbox.Sandbox, metrics string) (*Fleet, error) {
	if err := s.Harvester().Seed(ctx, Seed(s.Network())); err != nil {
		return nil, fmt.Errorf("preparing Harvester for a fleet: %w", err)
	}
	config := s.Management().Config()
	config.QPS, config.Burst = -1, 0
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("a client for the management cluster: %w", err)
	}
	h, err := s.HarvesterClient()
	if err != nil {
		return nil, err
	}
	return &Fleet{sandbox: s, management: c, harvester: h, metrics: metrics, looks: c}, nil
}

// guestKubeconfig is what leads a cluster to its guest.
func (f *Fleet) guestKubeconfig(cluster string) ([]byte, error) {
	if f.view != nil {
		return f.view.kubeconfig(cluster)
	}
	return os.ReadFile(f.sandbox.ManagementKubeconfig())
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, clusterv1.AddToScheme, infrav1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("a client for the management cluster: %w", err)
		}
	}
	return scheme, nil
}

// renewIdentity puts the present kubeconfig for Harvester into a cluster's identity Secret, as an operator does after a
// rotation.
func (f *Fleet) renewIdentity(ctx context.Context, namespace string) error {
	kubeconfig, err := os.ReadFile(f.sandbox.HarvesterKubeconfig())
	if err != nil {
		return fmt.Errorf("the kubeconfig for Harvester: %w", err)
	}
	secret := &corev1.Secret{}
	if err := f.management.Get(ctx, client.ObjectKey{Namespace: namespace, Name: identityName}, secret); err != nil {
		return client.IgnoreNotFound(err)
	}
	secret.Data[infrav1.IdentitySecretKey] = kubeconfig
	return client.IgnoreNotFound(f.management.Update(ctx, secret))
}
