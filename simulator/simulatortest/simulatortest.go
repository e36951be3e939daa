// Package simulatortest runs a Harvester stand-in for tests: a real kube-apiserver with the controllers that matter, and
// the stand-in on it. Start gives a test one of its own; NewPlane and Plane.Start let several tests, or several runs
// of the stand-in, share an apiserver.
//
// It needs the programs of `make assets kubevirt-admission` and fails, never skips, without them.
package simulatortest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
)

// startTimeout is generous: other packages' tests may compile meanwhile.
const startTimeout = 3 * time.Minute

// Quick are delays for tests that do not look at them.
func Quick(options simulator.Options) simulator.Options {
	for _, delay := range []*time.Duration{
		&options.BootDelay, &options.AgentDelay, &options.PVCDelay, &options.LBDelay, &options.ImageDelay, &options.StopDelay, &options.SettleDelay,
	} {
		if *delay == 0 {
			*delay = 20 * time.Millisecond
		}
	}
	return options
}

// Plane is a kube-apiserver with Harvester's CRDs installed and kube-controller-manager running.
type Plane struct {
	dir       string
	admission string
	plane     *controlplane.ControlPlane
}

// NewPlane starts one. The caller must Stop it.
func NewPlane(ctx context.Context) (*Plane, error) {
	assets, err := controlplane.Assets("")
	if err != nil {
		return nil, fmt.Errorf("run `make assets`: %w", err)
	}
	admission, err := virtapi.Find(assets)
	if err != nil {
		return nil, fmt.Errorf("run `make kubevirt-admission`: %w", err)
	}
	dir, err := os.MkdirTemp("", "harvester")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	p := &Plane{dir: dir, admission: admission}
	p.plane, err = controlplane.Start(ctx, controlplane.Options{Name: "harvester", Dir: dir + "/plane", AssetsDir: assets})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	err = simulator.InstallCRDs(ctx, p.plane.Config())
	if err == nil {
		err = p.plane.StartControllers(ctx, simulator.ControllerManagerControllers...)
	}
	if err != nil {
		return nil, errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
	}
	return p, nil
}

// Config reaches the apiserver as administrator.
func (p *Plane) Config() *rest.Config { return p.plane.Config() }

// Dir is where the stand-in keeps its files; the same for every run on the plane.
func (p *Plane) Dir() string { return p.dir }

// Start runs a stand-in on the plane. Only one may run at a time.
func (p *Plane) Start(ctx context.Context, options simulator.Options) (*simulator.Harvester, error) {
	if options.KubeVirt == nil && options.KubeVirtAdmission == "" {
		options.KubeVirtAdmission = p.AdmissionProgram()
	}
	return simulator.Start(ctx, p.Config(), p.dir, options)
}

// AdmissionProgram is the path of KubeVirt's admission.
func (p *Plane) AdmissionProgram() string { return p.admission }

// Stop ends the plane and removes its files.
func (p *Plane) Stop(ctx context.Context) error {
	return errors.Join(p.plane.Stop(ctx), os.RemoveAll(p.dir))
}

// Start runs a plane and a stand-in until the test ends.
func Start(tb testing.TB, options simulator.Options) *simulator.Harvester {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	plane, err := NewPlane(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := plane.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	stand, err := plane.Start(ctx, options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := stand.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return stand
}
