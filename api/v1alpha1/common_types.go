package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The types below have the names and the JSON form of Cluster API's v1beta1, which v0.2.x used. They are declared here
// because Cluster API is going to remove that version.

// APIEndpoint is where the API server of a guest cluster answers.
type APIEndpoint struct {
	// host is a DNS name or an IP address. Empty: not known yet.
	// +optional
	Host string `json:"host"`

	// port is a TCP port. 0: not known yet.
	// +optional
	Port int32 `json:"port"`
}

// IsZero tells that neither host nor port is known.
func (e APIEndpoint) IsZero() bool { return e == APIEndpoint{} }

// ObjectMeta holds labels and annotations to give to each object made from a template.
type ObjectMeta struct {
	// labels to give to each object.
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// annotations to give to each object.
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// IsZero tells that there are neither labels nor annotations.
func (m ObjectMeta) IsZero() bool { return len(m.Labels) == 0 && len(m.Annotations) == 0 }

// MachineAddress is one address of a machine.
type MachineAddress struct {
	// type of the address, such as InternalIP.
	// +required
	Type string `json:"type"`

	// address is the machine's address.
	// +required
	Address string `json:"address"`
}

// Condition is one observation of an object's state.
type Condition struct {
	// type of the condition.
	// +required
	Type string `json:"type"`

	// status is True, False or Unknown.
	// +required
	Status corev1.ConditionStatus `json:"status"`

	// severity says how bad a False is: Error, Warning or Info.
	// +optional
	Severity string `json:"severity,omitempty"`

	// lastTransitionTime is when the status changed last.
	// +required
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`

	// reason of the last transition. v0.2.x writes free text here, or nothing.
	// +optional
	Reason string `json:"reason,omitempty"`

	// message for a human.
	// +optional
	Message string `json:"message,omitempty"`

	// observedGeneration is the metadata.generation that the condition was set upon. Releases from v0.7 on write it.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
}

// FailureDomain is a zone of Harvester's hosts that machines can be spread over.
type FailureDomain struct {
	// name of the zone.
	// +required
	Name string `json:"name"`

	// controlPlane tells whether machines of the control plane may run there.
	// +optional
	ControlPlane *bool `json:"controlPlane,omitempty"`

	// attributes are free-form facts about the zone.
	// +optional
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Initialization tells how far the first provisioning of an object is.
type Initialization struct {
	// provisioned is true once the object was provisioned.
	// +optional
	Provisioned *bool `json:"provisioned,omitempty"`
}

// SecretReference names a Secret of the management cluster.
type SecretReference struct {
	// namespace is the Secret's namespace.
	// +required
	Namespace string `json:"namespace"`

	// name is the Secret's name.
	// +required
	Name string `json:"name"`
}
