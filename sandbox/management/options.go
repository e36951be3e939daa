package management

import (
	"errors"
	"time"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// Options of a management cluster.
type Options struct {
	// Dir keeps its data, kubeconfigs and logs.
	Dir string
	// Paths tells where programs and manifests are.
	Paths build.Paths
	// Components to run; all when empty.
	Components []Component
	// Report hears when a part is up and how long that took, from any
	// goroutine; nobody when nil.
	Report func(part string, took time.Duration)
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" || o.Paths.Root == "" {
		return o, errors.New("management cluster: Dir and Paths.Root are needed")
	}
	if len(o.Components) == 0 {
		o.Components = Components()
	}
	if o.Report == nil {
		o.Report = func(string, time.Duration) {}
	}
	return o, nil
}

// timed reports how long a part took to come up, if it did.
func (o Options) timed(part string, up func() error) error {
	started := time.Now()
	if err := up(); err != nil {
		return err
	}
	o.Report(part, time.Since(started))
	return nil
}
