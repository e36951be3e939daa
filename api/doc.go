// Package api is the root of the module that holds CAPHV's Kubernetes API. The types are in its version packages:
// v1beta1 is the one that clusters store.
//
// The module imports apimachinery and Cluster API's API module only. It holds no defaulting, no reconciling and no
// validation beyond what the generated CRDs express.
package api
