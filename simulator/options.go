package simulator

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/admission"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/lightguest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/platform"
)

// DefaultVersion is the Harvester version the simulator behaves as when none is named.
const DefaultVersion = "v1.8.0"

// ControllerManagerControllers are the controllers that the Harvester control plane's kube-controller-manager must
// run: owner references, namespaces and service-account tokens are left to the real thing. No others: the simulator
// binds volumes, protects claims and keeps nodes itself, and the real ones would undo that.
var ControllerManagerControllers = []string{
	"garbage-collector-controller",
	"namespace-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"root-ca-certificate-publisher-controller",
	"clusterrole-aggregation-controller",
}

// VIPMode is how the Harvester cluster obtained its management address; it decides what Service
// kube-system/ingress-expose and ConfigMap harvester-system/vip say.
type VIPMode string

const (
	// VIPStatic has the address in both objects.
	VIPStatic VIPMode = "static"
	// VIPDHCP has 0.0.0.0 in the Service and the address in its kube-vip.io/requestedIP annotation.
	VIPDHCP VIPMode = "dhcp"
)

// Listener is one port of a load balancer.
type Listener = loadbalancer.Listener

// LoadBalancers is the data path that carries traffic from virtual addresses to machines. Methods must be safe for concurrent use.
type LoadBalancers interface {
	// Set makes the load balancer of this name listen on exactly these ports of vip, replacing what it had.
	Set(name string, vip netip.Addr, listeners []Listener) error
	// Remove stops the load balancer of this name; an unknown name is no error.
	Remove(name string)
}

// Options configure the simulator. The zero value is Harvester v1.8.0 with believable delays, guests that only have addresses,
// and no data path.
type Options struct {
	// Dir keeps what must outlive a restart on one API server (the proxy's certificate and port), the history file and logs;
	// empty means a temporary directory, which Stop removes.
	Dir string
	// APIServer reaches, with administrator rights, an API server on loopback to run on. Its kube-controller-manager must run
	// ControllerManagerControllers, and is best started after InstallCRDs. nil means an API server of its own, which Stop
	// ends.
	APIServer *rest.Config
	// Assets is the directory with etcd, kube-apiserver and kube-controller-manager for an API server of its own; empty means
	// what KUBEBUILDER_ASSETS names, or else bin/assets of the working directory or of one above it.
	Assets string

	// Version is the Harvester version to behave as, v1.3.0 to v1.9.x; empty means DefaultVersion.
	Version string
	// Hosts are the cluster's nodes; nil means three hosts in two zones.
	Hosts []Host
	// ManagementVIP is the cluster's management address; the zero value means the address of the proxy in front.
	ManagementVIP netip.Addr
	// VIPMode is how that address was obtained; empty means VIPStatic.
	VIPMode VIPMode

	// BootDelay is the time a VM needs from being scheduled to phase Running; zero means 1 s. Negative means none;
	// so for every delay below.
	BootDelay time.Duration
	// AgentDelay is the time from Running until the guest agent may report addresses; zero means 500 ms.
	AgentDelay time.Duration
	// PVCDelay is the time a claim stays Pending; zero means 300 ms.
	PVCDelay time.Duration
	// LBDelay is the time kube-vip needs to announce an address; zero means 300 ms.
	LBDelay time.Duration
	// ImageDelay is the time an image needs to import; zero means 1 s.
	ImageDelay time.Duration
	// StopDelay is the time a VM needs to shut down in order; zero means 500 ms.
	StopDelay time.Duration
	// SettleDelay is how soon Harvester's background controllers write to a new VM (annotations, finalizers); zero
	// means 50 ms.
	SettleDelay time.Duration

	// VMLeases is the range from which a VM network's DHCP server leases; zero means 127.50.200.0/24.
	VMLeases netip.Prefix
	// VMNetwork is the subnet that leased addresses belong to, VMGateway its router; zero means 127.50.0.0/16 and
	// 127.50.0.1.
	VMNetwork netip.Prefix
	VMGateway netip.Addr
	// LBLeases is the range from which load balancers with ipam dhcp get addresses; zero means 127.61.0.0/24.
	LBLeases netip.Prefix

	// PathPrefix is put before every path of the proxy, such as /k8s/clusters/c-m-test (Rancher's shape); empty means
	// none.
	PathPrefix string
	// ProxyAddress is host:port for the proxy; empty means a free port of 127.0.0.1, kept over restarts.
	ProxyAddress string
	// NoMutators leaves Harvester's mutating webhooks out, as if their pods were down (their failure policy is Ignore).
	// KubeVirt's stays: without it there are no writes.
	NoMutators bool
	// KubeVirtAdmission is the path of program kubevirt-admission, KubeVirt's own admission code, which `make
	// kubevirt-admission` builds; the simulator runs it as a child. Empty means the one in Assets, or in the directory above.
	KubeVirtAdmission string
	// WithoutKubeVirt leaves KubeVirt's admission out: VMs are admitted by their schema and Harvester's own webhooks, without
	// KubeVirt's rules and defaults. What is admitted may then be refused by Harvester.
	WithoutKubeVirt bool
	// KubeVirt answers in its place: a virtapi.API that several simulators share, started and stopped by the caller.
	KubeVirt admission.Reviewer

	// Seed makes the chances of faults repeatable; zero is a seed like any other.
	Seed int64
	// Clock tells the time for decisions and timestamps; nil means the real one. Waiting is always real.
	Clock clock.PassiveClock
	// Guests boots what runs inside VMs; nil means light guests, which only have addresses.
	Guests guestapi.Guests
	// LoadBalancers is the data path; nil means none: addresses are announced, nothing listens.
	LoadBalancers LoadBalancers
	// ServeLoadBalancers makes it listen on the addresses of load balancers, which must be loopback addresses, and pass
	// connections on to their VMs, whose addresses are loopback addresses too. LoadBalancers, if given, does so instead.
	ServeLoadBalancers bool
	// Logger receives what the simulator has to say; the zero value discards it. Secrets are never logged.
	Logger logr.Logger
}

// Host is one node of the Harvester cluster.
type Host struct {
	// Name is the node's name and its kubernetes.io/hostname.
	Name string
	// Zone and Region become topology labels; empty means no such label.
	Zone, Region string
	// Networks are the cluster networks the host carries; nil means mgmt and production.
	Networks []string
	// Witness marks a host that takes part in etcd only and runs no VM.
	Witness bool
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	o.Version = cmp.Or(o.Version, DefaultVersion)
	o.VIPMode = cmp.Or(o.VIPMode, VIPStatic)
	if o.Hosts == nil {
		o.Hosts = []Host{
			{Name: "harvester-0", Zone: "zone-a", Region: "sandbox"},
			{Name: "harvester-1", Zone: "zone-b", Region: "sandbox"},
			{Name: "harvester-2", Zone: "zone-a", Region: "sandbox"},
		}
	}
	for _, delay := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&o.BootDelay, time.Second}, {&o.AgentDelay, 500 * time.Millisecond}, {&o.PVCDelay, 300 * time.Millisecond},
		{&o.LBDelay, 300 * time.Millisecond}, {&o.ImageDelay, time.Second}, {&o.StopDelay, 500 * time.Millisecond},
		{&o.SettleDelay, 50 * time.Millisecond},
	} {
		*delay.value = max(cmp.Or(*delay.value, delay.fallback), 0)
	}
	for _, prefix := range []struct {
		value    *netip.Prefix
		fallback string
	}{
		{&o.VMLeases, "127.50.200.0/24"}, {&o.VMNetwork, "127.50.0.0/16"}, {&o.LBLeases, "127.61.0.0/24"},
	} {
		if !prefix.value.IsValid() {
			*prefix.value = netip.MustParsePrefix(prefix.fallback)
		}
	}
	if !o.VMGateway.IsValid() {
		o.VMGateway = o.VMNetwork.Masked().Addr().Next()
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Guests == nil {
		o.Guests = lightguest.Guests{}
	}
	if o.Logger.GetSink() == nil {
		// A logger without sink would be replaced by controller-runtime's global one.
		o.Logger = logr.New(ctrllog.NullLogSink{})
	}
	return o
}

// hosts are the hosts as package platform describes them.
func (o Options) hosts() []platform.Host {
	list := make([]platform.Host, 0, len(o.Hosts))
	for _, host := range o.Hosts {
		networks := host.Networks
		if networks == nil {
			networks = []string{"mgmt", "production"}
		}
		list = append(list, platform.Host{Name: host.Name, Zone: host.Zone, Region: host.Region, Networks: networks, Witness: host.Witness})
	}
	return list
}
