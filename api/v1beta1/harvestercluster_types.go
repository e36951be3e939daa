package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// HarvesterClusterSpec is what a user wants for a cluster as a whole.
type HarvesterClusterSpec struct {
	// server is the URL of Harvester's API, such as https://harvester.example:6443.
	// Default: the server that the kubeconfig in the identity Secret names.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Server string `json:"server,omitempty"`

	// identitySecret names the Secret whose key "kubeconfig" holds the kubeconfig for Harvester.
	// A change of the Secret's content takes effect without a restart.
	// +required
	IdentitySecret SecretReference `json:"identitySecret"`

	// loadBalancerConfig describes the load balancer in front of the cluster's API server.
	// +required
	LoadBalancerConfig LoadBalancerConfig `json:"loadBalancerConfig,omitzero"`

	// controlPlaneEndpoint is where the cluster's API server answers. It is filled in when the load balancer has its
	// address. In a template it has no meaning, apart from the placeholder 0.0.0.0:6443 that older templates carry.
	// +optional
	ControlPlaneEndpoint APIEndpoint `json:"controlPlaneEndpoint,omitempty,omitzero"`

	// targetNamespace is the namespace on Harvester that VMs, volumes and load balancers are created in.
	// +required
	// +kubebuilder:validation:MaxLength=63
	TargetNamespace string `json:"targetNamespace"`

	// updateCloudProviderConfig asks for the cloud provider's configuration to be written into a manifest for the
	// guest cluster.
	// +optional
	UpdateCloudProviderConfig *UpdateCloudProviderConfig `json:"updateCloudProviderConfig,omitempty"`

	// vmNetworkConfig says where VMs get their addresses. Default: from DHCP.
	// +optional
	VMNetworkConfig *VMNetworkConfig `json:"vmNetworkConfig,omitempty"`
}

// IPAMType says where a load balancer's address comes from.
// +kubebuilder:validation:Enum=dhcp;pool
type IPAMType string

const (
	// IPAMTypeDHCP takes the load balancer's address from the DHCP server of Harvester's management network.
	IPAMTypeDHCP IPAMType = "dhcp"
	// IPAMTypePool takes the load balancer's address from a pool on Harvester.
	IPAMTypePool IPAMType = "pool"
)

// LoadBalancerConfig describes the load balancer in front of a cluster's API server.
type LoadBalancerConfig struct {
	// ipamType is where the load balancer's address comes from: "dhcp" or "pool".
	// +required
	IPAMType IPAMType `json:"ipamType,omitempty"`

	// ipPoolRef is the name of a pool (ippools.loadbalancer.harvesterhci.io) on Harvester. For ipamType "pool".
	// Default: Harvester chooses a pool that fits the namespace and the cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPool describes a pool to create on Harvester for the load balancer, when ipPoolRef is not set.
	// +optional
	IPPool *IPPool `json:"ipPool,omitempty"`

	// listeners are ports to open beside those of the API server (6443) and of node registration (9345).
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Listeners []Listener `json:"listeners,omitempty"`

	// description is free text that is shown beside the load balancer on Harvester.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Description string `json:"description,omitempty"`
}

// ListenerProtocol is the transport protocol of a listener.
// +kubebuilder:validation:Enum=TCP;UDP
type ListenerProtocol string

const (
	// ListenerTCP is TCP.
	ListenerTCP ListenerProtocol = "TCP"
	// ListenerUDP is UDP.
	ListenerUDP ListenerProtocol = "UDP"
)

// Listener opens one port of a load balancer.
type Listener struct {
	// name tells the listeners of a load balancer apart.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// port is the load balancer's port, 1 to 65535.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// protocol is "TCP" or "UDP". Default: TCP.
	// +optional
	// +kubebuilder:default=TCP
	Protocol ListenerProtocol `json:"protocol,omitempty"`

	// backendPort is the VMs' port that the traffic goes to, 1 to 65535.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	BackendPort int32 `json:"backendPort,omitempty"`
}

// UpdateCloudProviderConfig says where the manifest of Harvester's cloud provider is, and where in it the credentials
// of the guest cluster go.
type UpdateCloudProviderConfig struct {
	// manifestsConfigMapNamespace is the namespace of the ConfigMap that holds the manifest.
	// +required
	// +kubebuilder:validation:MaxLength=63
	ManifestsConfigMapNamespace string `json:"manifestsConfigMapNamespace"`

	// manifestsConfigMapName is the name of the ConfigMap that holds the manifest.
	// +required
	// +kubebuilder:validation:MaxLength=253
	ManifestsConfigMapName string `json:"manifestsConfigMapName"`

	// manifestsConfigMapKey is the key of the ConfigMap that holds the manifest.
	// +required
	// +kubebuilder:validation:MaxLength=253
	ManifestsConfigMapKey string `json:"manifestsConfigMapKey"`

	// cloudConfigCredentialsSecretName is the name of the Secret, within the manifest, that takes the credentials.
	// +required
	// +kubebuilder:validation:MaxLength=253
	CloudConfigCredentialsSecretName string `json:"cloudConfigCredentialsSecretName"`

	// cloudConfigCredentialsSecretKey is the key of that Secret.
	// +required
	// +kubebuilder:validation:MaxLength=253
	CloudConfigCredentialsSecretKey string `json:"cloudConfigCredentialsSecretKey"`
}

// HarvesterClusterStatus is what was observed of a cluster. All of it can be found out again from Harvester.
type HarvesterClusterStatus struct {
	// ready is true while the infrastructure of the cluster as a whole can be used. For readers of Cluster API's
	// older contract; newer ones read initialization and conditions.
	// +optional
	Ready bool `json:"ready,omitempty"`

	// initialization tells how far the first provisioning is.
	// +optional
	Initialization *Initialization `json:"initialization,omitempty"`

	// conditions are the latest observations of the cluster's state, one for each step.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// failureDomains are the zones of Harvester's hosts that machines can be spread over.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	FailureDomains []clusterv1.FailureDomain `json:"failureDomains,omitempty"`
}

// HarvesterCluster is the infrastructure of one guest cluster as a whole: its place on Harvester, the load balancer of
// its API server, and where its VMs get their addresses.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=harvesterclusters,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Cluster",type="string",JSONPath=".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']",description="Cluster that this belongs to"
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status",description="The infrastructure can be used"
// +kubebuilder:printcolumn:name="Endpoint",type="string",JSONPath=".spec.controlPlaneEndpoint.host",description="Address of the cluster's API server"
// +kubebuilder:printcolumn:name="Namespace on Harvester",type="string",JSONPath=".spec.targetNamespace",description="Where VMs and load balancers are created",priority=1
// +kubebuilder:printcolumn:name="Reason",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason",description="Why the infrastructure can be used or not",priority=1
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterCluster struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +required
	Spec HarvesterClusterSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +optional
	Status HarvesterClusterStatus `json:"status,omitempty,omitzero"`
}

// GetConditions returns the conditions in the status, for Cluster API's condition helpers.
func (c *HarvesterCluster) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions replaces the conditions in the status, for Cluster API's condition helpers.
func (c *HarvesterCluster) SetConditions(conditions []metav1.Condition) {
	c.Status.Conditions = conditions
}

// HarvesterClusterList is a list of HarvesterClusters.
//
// +kubebuilder:object:root=true
type HarvesterClusterList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the HarvesterClusters.
	Items []HarvesterCluster `json:"items"`
}
