// Package management runs a Cluster API management cluster on loopback: a
// control plane, and on it the real managers of Cluster API core, of RKE2's
// bootstrap and control-plane providers, and of CAPHV, each installed from the
// manifests it ships and run with the service account those manifests bind, so
// that a missing permission shows here.
//
// What a cluster does with the manifests' Deployments, Services and
// cert-manager objects, the package does itself: managers are child processes
// that are restarted when they die, and webhook and conversion configurations
// name a loopback URL and a CA of the sandbox instead of a Service.
//
// [Start] returns a [Management]; [Management.Manager] reaches one manager, for
// example to kill it. It runs no workload and schedules no pod.
package management
