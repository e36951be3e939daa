// Package rke2 knows RKE2 from the outside: where it keeps its files, how its
// configuration reads, which commands install and start it. It is pure.
//
// Facts are from RKE2's documentation and from what the Cluster API provider
// for RKE2 v0.21.0 writes into bootstrap data.
package rke2

// Files and folders of a node.
const (
	ConfigFile     = "/etc/rancher/rke2/config.yaml"
	ManifestsDir   = "/var/lib/rancher/rke2/server/manifests"
	TLSDir         = "/var/lib/rancher/rke2/server/tls"
	EtcdDir        = "/var/lib/rancher/rke2/server/db/etcd"
	TokenFile      = "/var/lib/rancher/rke2/server/token"
	AgentDir       = "/var/lib/rancher/rke2/agent"
	LogDir         = "/var/log/rke2"
	ServiceKeyFile = TLSDir + "/service.key"
	// EncryptionConfigFile is read by the API server when it is there.
	EncryptionConfigFile = "/var/lib/rancher/rke2/server/cred/encryption-config.json"
	// EtcdNameFile keeps the member's name, as its random end must survive.
	EtcdNameFile = "/var/lib/rancher/rke2/server/db/etcd/name"
	// ServersFile keeps the addresses of the API servers an agent has heard of.
	ServersFile = AgentDir + "/etc/servers.json"
	// BootstrapSentinel is written when bootstrapping has succeeded.
	BootstrapSentinel = "/run/cluster-api/bootstrap-success.complete"
)

// Ports of a node.
const (
	APIServerPort  = 6443
	SupervisorPort = 9345
	KubeletPort    = 10250
	EtcdClientPort = 2379
	EtcdPeerPort   = 2380
)

// AuthorityFiles are the certificate authorities of a cluster, by the path of
// the certificate; the key lies beside it with the ending .key.
const (
	ServerCA = TLSDir + "/server-ca.crt"
	ClientCA = TLSDir + "/client-ca.crt"
	PeerCA   = TLSDir + "/etcd/peer-ca.crt"
	EtcdCA   = TLSDir + "/etcd/server-ca.crt"
)

// Annotations, labels and finalizers by which RKE2 talks about its nodes.
const (
	// EtcdRemoveAnnotation on a Node asks RKE2 to remove its etcd member.
	EtcdRemoveAnnotation = "etcd.rke2.cattle.io/remove"
	// EtcdRemovedAnnotation answers with the name of the removed member.
	EtcdRemovedAnnotation = "etcd.rke2.cattle.io/removed-node-name"
	// EtcdNameAnnotation and EtcdAddressAnnotation tell a Node's etcd member.
	EtcdNameAnnotation    = "etcd.rke2.cattle.io/node-name"
	EtcdAddressAnnotation = "etcd.rke2.cattle.io/node-address"
	// EtcdFinalizer holds a deleted Node until its member is out of etcd.
	EtcdFinalizer = "wrangler.cattle.io/managed-etcd-controller"
	// Role labels; all "true" on a server with the built-in etcd.
	ControlPlaneLabel = "node-role.kubernetes.io/control-plane"
	MasterLabel       = "node-role.kubernetes.io/master"
	EtcdLabel         = "node-role.kubernetes.io/etcd"
	// InstanceTypeLabel is what RKE2's own nodes carry.
	InstanceTypeLabel = "node.kubernetes.io/instance-type"
	// ServingSecret in kube-system holds the supervisor's serving certificate;
	// its presence tells that a control plane is initialised.
	ServingSecret = "rke2-serving"
)
