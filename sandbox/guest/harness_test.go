package guest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// timeout bounds each wait; on a busy machine an API server takes its time.
const timeout = 2 * time.Minute

// assetsDir finds the programs that guests run.
func assetsDir(t *testing.T) string {
	t.Helper()
	root, err := build.Root(".")
	require.NoError(t, err)
	dir := build.Paths{Root: root}.Assets()
	_, err = os.Stat(filepath.Join(dir, "kube-apiserver"))
	require.NoError(t, err, "build the programs first, with: make assets")
	return dir
}

// etcdctl finds the program that runs inside etcd pods.
func etcdctl(t *testing.T) string {
	t.Helper()
	root, err := build.Root(".")
	require.NoError(t, err)
	program := build.Paths{Root: root}.Program(build.Etcdctl)
	require.FileExists(t, program, "build the programs first, with: make assets")
	return program
}

// cluster is a guest cluster under test, with a load balancer in front.
type cluster struct {
	t        *testing.T
	name     string
	manager  *guest.Manager
	dir      string
	subnet   string
	endpoint netip.Addr
	proxies  *loadbalancer.Proxies
	servers  []string
	values   *strings.Replacer
	next     int
}

// newCluster makes an empty cluster in a corner of 127.0.0.0/8 of its own, so
// that tests run beside each other, and beside a sandbox.
func newCluster(t *testing.T, change func(*guest.Options)) *cluster {
	t.Helper()
	c := &cluster{
		t: t, name: "demo", dir: t.TempDir(), proxies: loadbalancer.New(),
		subnet: fmt.Sprintf("127.%d.%d", 100+rand.IntN(100), rand.IntN(256)),
	}
	t.Cleanup(c.proxies.Close)
	options := guest.Options{
		Dir: c.dir, AssetsDir: assetsDir(t), Etcdctl: etcdctl(t), BootDelay: 50 * time.Millisecond,
		Heartbeat: 500 * time.Millisecond, NodeGrace: 5 * time.Second, Logf: t.Logf,
	}
	if change != nil {
		change(&options)
	}
	manager, err := guest.NewManager(options)
	require.NoError(t, err)
	c.manager = manager
	t.Cleanup(func() { require.NoError(t, manager.Close(context.Background())) })
	c.endpoint = netip.MustParseAddr(c.subnet + ".250")
	c.values = strings.NewReplacer(c.bootstrapValues()...)
	return c
}

// bootstrapValues fill the samples of bootstrap data.
func (c *cluster) bootstrapValues() []string {
	values := []string{"@@endpoint@@", c.endpoint.String(), "@@token@@", "s3cr3t-token-0001"}
	for _, name := range []string{"server-ca", "client-ca", "etcd-peer-ca", "etcd-server-ca"} {
		authority, err := pki.NewAuthority("kubernetes")
		require.NoError(c.t, err)
		values = append(values,
			"@@"+name+".crt@@", indent(authority.Pair().Certificate), "@@"+name+".key@@", indent(authority.Pair().Key))
	}
	return values
}

// indent fits a PEM text under a YAML block of six spaces.
func indent(text []byte) string {
	return strings.ReplaceAll(strings.TrimRight(string(text), "\n"), "\n", "\n      ")
}

// userData is a sample of the RKE2 provider's bootstrap data for this cluster,
// with what the infrastructure provider adds for the guest agent.
func (c *cluster) userData(sample string) []byte {
	text, err := os.ReadFile(filepath.Join("testdata", "rke2-v0.21.0", sample+".yaml"))
	require.NoError(c.t, err)
	return []byte(c.values.Replace(string(text)) + "\npackages:\n- qemu-guest-agent\n")
}

// vm describes the next machine, with a static address by network-data.
func (c *cluster) vm(name, sample string) guestapi.VMBoot {
	c.next++
	mac := fmt.Sprintf("02:00:00:00:00:%02x", c.next)
	address := fmt.Sprintf("%s.%d", c.subnet, 10+c.next)
	return guestapi.VMBoot{
		Namespace: "default", Name: name, UID: "uid-" + name, InstanceUID: "instance-1-" + name,
		UserData: c.userData(sample),
		NetworkData: fmt.Appendf(nil, "version: 2\nethernets:\n  eth0:\n    match: {macaddress: %q}\n    set-name: eth0\n    addresses: [%s/16]\n",
			mac, address),
		NICs: []guestapi.NIC{{Name: "nic-0", MAC: mac, Network: "default/vlan1"}},
		CPU:  2, MemoryBytes: 4 << 30,
		Labels: map[string]string{"cluster.x-k8s.io/cluster-name": c.name},
	}
}

// boot powers a machine on; a server becomes a backend of the load balancer.
func (c *cluster) boot(vm guestapi.VMBoot) guestapi.Guest {
	c.t.Helper()
	booted, err := c.manager.Boot(c.t.Context(), vm)
	require.NoError(c.t, err)
	if strings.Contains(string(vm.UserData), "rke2-server") {
		c.servers = append(c.servers, addressOf(vm))
		c.balance()
	}
	return booted
}

// addressOf is the static address of a machine of vm.
func addressOf(vm guestapi.VMBoot) string {
	_, rest, _ := strings.Cut(string(vm.NetworkData), "addresses: [")
	address, _, _ := strings.Cut(rest, "/")
	return address
}

// balance points the load balancer at the cluster's servers.
func (c *cluster) balance() {
	var listeners []loadbalancer.Listener
	for _, port := range []int{6443, 9345} {
		listener := loadbalancer.Listener{Port: port}
		for _, server := range c.servers {
			listener.Backends = append(listener.Backends, net.JoinHostPort(server, fmt.Sprint(port)))
		}
		listeners = append(listeners, listener)
	}
	require.NoError(c.t, c.proxies.Set(c.name, c.endpoint, listeners))
}

// config is the administrator's way into the cluster, through the load
// balancer as Cluster API goes.
func (c *cluster) config() *rest.Config {
	c.t.Helper()
	var kubeconfig []byte
	require.Eventually(c.t, func() (found bool) {
		var err error
		kubeconfig, err = c.manager.Kubeconfig(c.name)
		return err == nil
	}, timeout, 100*time.Millisecond, "no API server came up")
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	require.NoError(c.t, err)
	config.Host = "https://" + net.JoinHostPort(c.endpoint.String(), "6443")
	config.QPS, config.Burst = 100, 200
	return config
}

func (c *cluster) client() *kubernetes.Clientset {
	c.t.Helper()
	client, err := kubernetes.NewForConfig(c.config())
	require.NoError(c.t, err)
	return client
}

// awaitNode waits until a Node is as wanted and returns it.
func (c *cluster) awaitNode(client kubernetes.Interface, name, what string, wanted func(*corev1.Node) bool) *corev1.Node {
	c.t.Helper()
	var node *corev1.Node
	require.Eventually(c.t, func() bool {
		found, err := client.CoreV1().Nodes().Get(c.t.Context(), name, metav1.GetOptions{})
		if err == nil {
			node = found
		}
		return err == nil && wanted(found)
	}, timeout, 50*time.Millisecond, "node %s: %s", name, what)
	return node
}

func ready(node *corev1.Node) bool { return readiness(node) == corev1.ConditionTrue }

func readiness(node *corev1.Node) corev1.ConditionStatus {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status
		}
	}
	return ""
}

// awaitMembers waits for the names of the nodes that have a vote in etcd.
func (c *cluster) awaitMembers(nodes ...string) {
	c.t.Helper()
	var last []string
	require.Eventually(c.t, func() bool {
		members, err := c.manager.Members(c.t.Context(), c.name)
		last = nil
		for _, member := range members {
			if !member.Learner {
				last = append(last, member.Name)
			}
		}
		return err == nil && sameNodes(last, nodes)
	}, timeout, 100*time.Millisecond, "etcd should have the members of %v", nodes)
	c.t.Logf("etcd members: %v", last)
}

// sameNodes reports whether each member is <node>-<8 digits> of one node.
func sameNodes(members, nodes []string) bool {
	if len(members) != len(nodes) {
		return false
	}
	for _, node := range nodes {
		found := false
		for _, member := range members {
			found = found || (strings.HasPrefix(member, node+"-") && len(member) == len(node)+9)
		}
		if !found {
			return false
		}
	}
	return true
}
