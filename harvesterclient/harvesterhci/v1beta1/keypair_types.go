package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KeyPairValidated is the condition of a usable key pair. Its first letter is small upstream too.
const KeyPairValidated = "validated"

// KeyPair is a public SSH key. Harvester does not put it into virtual machines: cloud-init must.
//
// +kubebuilder:object:root=true
type KeyPair struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   KeyPairSpec   `json:"spec"`
	Status KeyPairStatus `json:"status,omitempty"`
}

// KeyPairSpec is what a user declares.
type KeyPairSpec struct {
	// PublicKey is in OpenSSH's authorized_keys form.
	PublicKey string `json:"publicKey"`
}

// KeyPairStatus is what Harvester reports.
type KeyPairStatus struct {
	// FingerPrint is the legacy MD5 form.
	FingerPrint string      `json:"fingerPrint,omitempty"`
	Conditions  []Condition `json:"conditions,omitempty"`
}

// KeyPairList is a list of key pairs.
//
// +kubebuilder:object:root=true
type KeyPairList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []KeyPair `json:"items"`
}
