package demo

import "time"

// Options of a demo. The zero value is the one the README shows.
type Options struct {
	// Namespace and Name of the cluster; "demo" both when empty.
	Namespace, Name string
	// ControlPlanes and Workers at the start; 3 and 2 when zero.
	ControlPlanes, Workers int
	// KubernetesVersion of the cluster; v1.31.14 when empty.
	KubernetesVersion string
	// KillManager is how often CAPHV's manager is killed at random moments.
	KillManager int
	// Seed decides about those moments.
	Seed int64
	// Timeout of each chapter; 5 minutes when zero.
	Timeout time.Duration
	// Pause, when set, is called when the cluster is complete, before it is
	// deleted.
	Pause func()
}

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = "demo"
	}
	if o.Name == "" {
		o.Name = "demo"
	}
	if o.ControlPlanes == 0 {
		o.ControlPlanes = 3
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.KubernetesVersion == "" {
		o.KubernetesVersion = "v1.31.14"
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	return o
}
