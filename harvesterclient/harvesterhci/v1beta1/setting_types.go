package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Names of the settings this library reads.
const (
	// SettingServerVersion holds Harvester's own version, such as "v1.8.0". Every authenticated user may read it.
	SettingServerVersion = "server-version"
	// SettingDefaultStorageClass names the class of volumes that name none.
	SettingDefaultStorageClass = "default-storage-class"
)

// SettingConfigured is the condition of a setting that was applied.
const SettingConfigured = "configured"

// Setting is a cluster-scoped option of Harvester. Its value stands at the top level, not under a spec.
//
// +kubebuilder:object:root=true
type Setting struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Value      string `json:"value,omitempty"`
	Default    string `json:"default,omitempty"`
	Customized bool   `json:"customized,omitempty"`
	Source     string `json:"source,omitempty"`

	Status SettingStatus `json:"status,omitempty"`
}

// SettingStatus is what Harvester reports.
type SettingStatus struct {
	Conditions []Condition `json:"conditions,omitempty"`
}

// EffectiveValue is the value in force: Value, or Default when Value is empty.
func (s *Setting) EffectiveValue() string {
	if s.Value != "" {
		return s.Value
	}

	return s.Default
}

// SettingList is a list of settings.
//
// +kubebuilder:object:root=true
type SettingList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []Setting `json:"items"`
}
