package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HarvesterClusterSpec is what a user wants for a cluster as a whole.
type HarvesterClusterSpec struct {
	// server is the URL of Harvester's API. Default: what the kubeconfig in the identity Secret names.
	// +optional
	Server string `json:"server,omitempty"`

	// identitySecret names the Secret whose key "kubeconfig" holds the kubeconfig for Harvester.
	// +required
	IdentitySecret SecretReference `json:"identitySecret"`

	// loadBalancerConfig describes the load balancer in front of the cluster's API server.
	// +required
	LoadBalancerConfig LoadBalancerConfig `json:"loadBalancerConfig"`

	// controlPlaneEndpoint is where the cluster's API server answers.
	// +optional
	ControlPlaneEndpoint APIEndpoint `json:"controlPlaneEndpoint,omitempty,omitzero"`

	// targetNamespace is the namespace on Harvester that VMs, volumes and load balancers are created in.
	// +required
	TargetNamespace string `json:"targetNamespace"`

	// updateCloudProviderConfig asks for the cloud provider's configuration to be written into a manifest.
	// +optional
	UpdateCloudProviderConfig *UpdateCloudProviderConfig `json:"updateCloudProviderConfig,omitempty"`

	// vmNetworkConfig says where VMs get their addresses. Default: from DHCP.
	// +optional
	VMNetworkConfig *VMNetworkConfig `json:"vmNetworkConfig,omitempty"`
}

// LoadBalancerConfig describes the load balancer in front of a cluster's API server.
type LoadBalancerConfig struct {
	// ipamType is where the load balancer's address comes from.
	// +required
	// +kubebuilder:validation:Enum=dhcp;pool
	IPAMType string `json:"ipamType"`

	// ipPoolRef is the name of a pool on Harvester. For ipamType "pool".
	// +optional
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPool describes a pool to create on Harvester for the load balancer.
	// +optional
	IPPool *IPPool `json:"ipPool,omitempty"`

	// listeners are ports to open.
	// +optional
	Listeners []Listener `json:"listeners,omitempty"`

	// description is free text that is shown beside the load balancer on Harvester.
	// +optional
	Description string `json:"description,omitempty"`
}

// Listener opens one port of a load balancer.
type Listener struct {
	// name tells the listeners of a load balancer apart.
	// +required
	Name string `json:"name"`

	// port is the load balancer's port.
	// +required
	Port int32 `json:"port"`

	// protocol is TCP or UDP.
	// +optional
	// +kubebuilder:validation:Enum=TCP;UDP
	Protocol string `json:"protocol,omitempty"`

	// backendPort is the VMs' port that the traffic goes to.
	// +required
	BackendPort int32 `json:"backendPort"`
}

// IPPool describes an address pool that is to be created on Harvester.
type IPPool struct {
	// vmNetwork is the VM network on Harvester whose addresses these are.
	// +required
	VMNetwork string `json:"vmNetwork"`

	// subnet is the range's subnet in CIDR form.
	// +required
	Subnet string `json:"subnet"`

	// gateway is the IP address of the subnet's router.
	// +required
	Gateway string `json:"gateway"`

	// rangeStart is the first address to give out.
	// +optional
	RangeStart string `json:"rangeStart,omitempty"`

	// rangeEnd is the last address to give out.
	// +optional
	RangeEnd string `json:"rangeEnd,omitempty"`
}

// VMNetworkConfig says where the VMs of a cluster get their addresses.
type VMNetworkConfig struct {
	// ipPoolRef is the name of one address pool on Harvester.
	// +optional
	IPPoolRef string `json:"ipPoolRef,omitempty"`

	// ipPoolRefs are the names of address pools on Harvester, in the order in which they are tried.
	// +optional
	IPPoolRefs []string `json:"ipPoolRefs,omitempty"`

	// ipPool describes a pool to create on Harvester for this cluster.
	// +optional
	IPPool *IPPool `json:"ipPool,omitempty"`

	// gateway is the IP address of the VMs' default router.
	// +required
	Gateway string `json:"gateway"`

	// subnetMask is the VMs' network mask in dotted form.
	// +required
	SubnetMask string `json:"subnetMask"`

	// dnsServers are the IP addresses of the name servers that VMs use.
	// +optional
	DNSServers []string `json:"dnsServers,omitempty"`

	// dnsSearch are the domains that VMs append to a name that has no dot.
	// +optional
	DNSSearch []string `json:"dnsSearch,omitempty"`
}

// UpdateCloudProviderConfig says where the manifest of Harvester's cloud provider is, and where in it the credentials go.
type UpdateCloudProviderConfig struct {
	// manifestsConfigMapNamespace is the namespace of the ConfigMap that holds the manifest.
	// +required
	ManifestsConfigMapNamespace string `json:"manifestsConfigMapNamespace"`

	// manifestsConfigMapName is the name of the ConfigMap that holds the manifest.
	// +required
	ManifestsConfigMapName string `json:"manifestsConfigMapName"`

	// manifestsConfigMapKey is the key of the ConfigMap that holds the manifest.
	// +required
	ManifestsConfigMapKey string `json:"manifestsConfigMapKey"`

	// cloudConfigCredentialsSecretName is the name of the Secret, within the manifest, that takes the credentials.
	// +required
	CloudConfigCredentialsSecretName string `json:"cloudConfigCredentialsSecretName"`

	// cloudConfigCredentialsSecretKey is the key of that Secret.
	// +required
	CloudConfigCredentialsSecretKey string `json:"cloudConfigCredentialsSecretKey"`
}

// HarvesterClusterStatus is what was observed of a cluster.
type HarvesterClusterStatus struct {
	// ready is true while the infrastructure of the cluster as a whole can be used.
	// +optional
	Ready bool `json:"ready,omitempty"`

	// initialization tells how far the first provisioning is. Releases from v0.7 on write it.
	// +optional
	Initialization *Initialization `json:"initialization,omitempty"`

	// failureReason names a failure that v0.2.x took for final. v1beta1 has none: every failure is a condition.
	// +optional
	FailureReason string `json:"failureReason,omitempty"`

	// failureMessage describes that failure.
	// +optional
	FailureMessage string `json:"failureMessage,omitempty"`

	// conditions are observations of the cluster's state.
	// +optional
	Conditions []Condition `json:"conditions,omitempty"`

	// failureDomains are the zones of Harvester's hosts that machines can be spread over. Releases from v0.7 on write
	// them.
	// +optional
	// +listType=map
	// +listMapKey=name
	FailureDomains []FailureDomain `json:"failureDomains,omitempty"`
}

// HarvesterCluster is the infrastructure of one workload cluster as a whole.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:deprecatedversion:warning="infrastructure.cluster.x-k8s.io/v1alpha1 HarvesterCluster is deprecated; use infrastructure.cluster.x-k8s.io/v1beta1"
// +kubebuilder:resource:path=harvesterclusters,scope=Namespaced,categories=cluster-api
// +kubebuilder:printcolumn:name="Cluster",type="string",JSONPath=".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']",description="Cluster that this belongs to"
// +kubebuilder:printcolumn:name="Ready",type="boolean",JSONPath=".status.ready",description="The infrastructure can be used"
// +kubebuilder:printcolumn:name="Endpoint",type="string",JSONPath=".spec.controlPlaneEndpoint.host",description="Address of the cluster's API server"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type HarvesterCluster struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user wants.
	// +optional
	Spec HarvesterClusterSpec `json:"spec,omitempty,omitzero"`

	// status is what was observed.
	// +optional
	Status HarvesterClusterStatus `json:"status,omitempty,omitzero"`
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
