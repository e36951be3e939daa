// Package optional creates what belongs to an installation of CAPHV but is of kinds that a management cluster may lack: the
// ServiceMonitor, the PrometheusRule, and the ClusterClass with its templates. In infrastructure-components.yaml they would stop every installer
// that looks up each object's kind first (clusterctl and the Cluster API operator do).
//
// Each set of objects is created when the cluster serves all of its kinds, which may be long after the manager started: the
// CRDs are watched. What exists is never changed, so that an upgrade of the provider changes no class that clusters use.
//
// The files beside this one are copies of those in config/prometheus and templates/clusterclass; go generate renews them.
package optional
