// Package v1alpha1 holds the API as releases v0.2.x stored it, with the conversion to and from v1beta1.
//
// The version is served so that what clusters and repositories hold keeps working; it gains no fields. The schema takes
// what v0.2.x took: the rules are checked in v1beta1, by the webhook.
//
// # Conversion
//
// There is one pair of functions for each kind: ClusterToHub and ClusterFromHub, and so on. Nothing is lost in either
// direction. What one version cannot say travels in an annotation of the other: [HubDataAnnotation] on an object of this
// version, [DataAnnotation] on a v1beta1 object. What is kept there comes back only where the object still says what it
// said when it was kept: a change by a user always wins. An annotation that cannot be read is ignored, since an object
// that cannot be converted would keep every other object of its kind from being listed.
//
// The annotations hold parts of the object's own spec and status, never what these refer to.
//
// The functions are plain: the module imports no controller-runtime. The provider registers them with its webhook server.
// They do not keep or change their source, and are safe for concurrent use.
//
// +kubebuilder:object:generate=true
// +groupName=infrastructure.cluster.x-k8s.io
package v1alpha1
