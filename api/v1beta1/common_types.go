package v1beta1

// Initialization tells how far the first provisioning of an object is. Cluster API reads it to go on with the
// bootstrap; it is not changed any more once provisioned is true.
type Initialization struct {
	// provisioned is true once the infrastructure that the object stands for is fully there for the first time.
	// Absent: not yet.
	// +optional
	Provisioned *bool `json:"provisioned,omitempty"`
}

// IsProvisioned tells that provisioned is present and true. It may be called on nil.
func (i *Initialization) IsProvisioned() bool {
	return i != nil && i.Provisioned != nil && *i.Provisioned
}

// SecretReference names a Secret of the management cluster.
type SecretReference struct {
	// namespace is the Secret's namespace.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`

	// name is the Secret's name.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
