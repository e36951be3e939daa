package sandbox

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/go-logr/logr"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// ErrUnsupported means that this operating system cannot run a sandbox.
var ErrUnsupported = errors.New("the sandbox runs on Linux only: it binds addresses of 127.0.0.0/8 and ties child processes to itself as only Linux can")

// Options of a sandbox.
type Options struct {
	// Root is the repository's folder; found from the working directory when
	// empty.
	Root string
	// StateDir keeps everything of this sandbox; <Root>/.cache/sandbox when
	// empty.
	StateDir string
	// Out receives the signs of life of builds; discarded when nil.
	Out io.Writer
	// Report hears when a part is up and how long that took, from any goroutine;
	// nobody when nil.
	Report func(part string, took time.Duration)
	// Harvester configures the stand-in. Guests and LoadBalancers are filled in
	// when nil.
	Harvester simulator.Options
	// Seed lists what an operator would have prepared on Harvester;
	// Network.Seed of the sandbox's network when nil.
	Seed *simulator.Seed
	// Components of the management cluster; all when empty.
	Components []management.Component
	// Light has all machines register as Nodes of the management cluster's API server, and starts no process for them:
	// for runs with many machines and no control planes.
	Light bool
	// StatusPage has CAPHV serve its status page on loopback.
	StatusPage bool
	// Logger receives what the stand-in and the guests have to say; a file in
	// StateDir when it is the zero value.
	Logger logr.Logger
}

func (o Options) withDefaults() (Options, error) {
	if runtime.GOOS != "linux" {
		return o, fmt.Errorf("%w; this is %s", ErrUnsupported, runtime.GOOS)
	}
	if o.Root == "" {
		root, err := build.Root(".")
		if err != nil {
			return o, err
		}
		o.Root = root
	}
	if o.StateDir == "" {
		o.StateDir = DefaultStateDir(o.Root)
	}
	if o.Out == nil {
		o.Out = io.Discard
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
		return fmt.Errorf("%s: %w", part, err)
	}
	o.Report(part, time.Since(started))
	return nil
}
