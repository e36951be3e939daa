package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LoadBalancerReady is True when at least one backend can be reached. The address is usable before that:
// look at Status.Address instead when you only need to know where the load balancer is.
const LoadBalancerReady = "Ready"

// DHCPPlaceholder is the allocated address of a load balancer whose real one comes from a DHCP lease.
const DHCPPlaceholder = "0.0.0.0"

// WorkloadType says what stands behind a load balancer.
//
// +kubebuilder:validation:Enum=vm;cluster
type WorkloadType string

// The workload types. Harvester up to 1.8 treats an empty one as Cluster in its mutating webhook: always set it.
const (
	// VM load-balances to virtual machines in the load balancer's namespace.
	VM WorkloadType = "vm"
	// Cluster only allocates an address, for a guest cluster's Service.
	Cluster WorkloadType = "cluster"
)

// IPAM says where a load balancer's address comes from. It cannot change after creation.
//
// +kubebuilder:validation:Enum=pool;dhcp
type IPAM string

// The sources of addresses. Harvester releases a pool address on deletion only if the field is
// literally "pool"; an empty one leaks the address: always set it.
const (
	Pool IPAM = "pool"
	DHCP IPAM = "dhcp"
)

// LoadBalancer is a virtual address in front of virtual machines or of a guest cluster.
//
// +kubebuilder:object:root=true
type LoadBalancer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   LoadBalancerSpec   `json:"spec"`
	Status LoadBalancerStatus `json:"status,omitempty"`
}

// LoadBalancerSpec is what a user declares.
type LoadBalancerSpec struct {
	// Description is free text.
	Description string `json:"description,omitempty"`
	// WorkloadType says what stands behind the address.
	WorkloadType WorkloadType `json:"workloadType,omitempty"`
	// IPAM says where the address comes from.
	IPAM IPAM `json:"ipam,omitempty"`
	// IPPool names the pool. Empty lets Harvester choose one by the pools' selectors.
	IPPool string `json:"ipPool,omitempty"`
	// Listeners are the ports. Names, protocol+port and protocol+backendPort are each unique.
	Listeners []Listener `json:"listeners,omitempty"`
	// BackendServerSelector matches labels of VirtualMachineInstances in the same namespace.
	// All keys must match; any of a key's values may. An empty selector matches nothing.
	BackendServerSelector map[string][]string `json:"backendServerSelector,omitempty"`
	// HealthCheck probes the backends by TCP. Without it every backend counts as healthy.
	HealthCheck *HealthCheck `json:"healthCheck,omitempty"`
}

// LoadBalancerStatus is what Harvester reports.
type LoadBalancerStatus struct {
	// BackendServers are the IPv4 addresses traffic goes to.
	BackendServers []string `json:"backendServers,omitempty"`
	// AllocatedAddress is what came from the pool, or DHCPPlaceholder.
	AllocatedAddress AllocatedAddress `json:"allocatedAddress,omitempty"`
	// Address is where the load balancer answers. It needs no backend to be set.
	Address string `json:"address,omitempty"`
	// Conditions of the load balancer; the only type in use is LoadBalancerReady.
	Conditions []Condition `json:"conditions,omitempty"`
}

// AllocatedAddress is an address with what surrounds it in its pool.
type AllocatedAddress struct {
	IPPool string `json:"ipPool,omitempty"`
	IP     string `json:"ip,omitempty"`
	// Mask is in dotted form.
	Mask string `json:"mask,omitempty"`
	// Gateway may hold the literal "<nil>", for a pool of a single address.
	Gateway string `json:"gateway,omitempty"`
}

// Listener is one port of a load balancer.
type Listener struct {
	Name string `json:"name"`
	// Port is where clients connect, 1 to 65535.
	Port int32 `json:"port"`
	// Protocol is TCP or UDP.
	Protocol corev1.Protocol `json:"protocol"`
	// BackendPort is where the backends listen, 1 to 65535.
	BackendPort int32 `json:"backendPort"`
}

// HealthCheck configures TCP probes. Harvester fills zero values in with 2, 2, 1 and 1.
type HealthCheck struct {
	// Port must be the backend port of a TCP listener. Zero switches probing off.
	Port uint `json:"port,omitempty"`
	// SuccessThreshold is a number of consecutive probes.
	SuccessThreshold uint `json:"successThreshold,omitempty"`
	// FailureThreshold is a number of consecutive probes.
	FailureThreshold uint `json:"failureThreshold,omitempty"`
	PeriodSeconds    uint `json:"periodSeconds,omitempty"`
	TimeoutSeconds   uint `json:"timeoutSeconds,omitempty"`
}

// LoadBalancerList is a list of load balancers.
//
// +kubebuilder:object:root=true
type LoadBalancerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []LoadBalancer `json:"items"`
}
