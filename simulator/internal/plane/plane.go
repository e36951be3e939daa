// Package plane runs a kube-apiserver with Harvester's CRDs, on which several simulators can run in turn: for tests of
// simulators that are restarted, or that are started often.
package plane

import (
	"context"
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
)

// Plane is a kube-apiserver with Harvester's CRDs installed and kube-controller-manager running.
type Plane struct {
	dir       string
	admission string
	plane     *controlplane.ControlPlane
}

// New starts one. The caller must Stop it.
func New(ctx context.Context) (*Plane, error) {
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

// Dir is where the simulator keeps its files; the same for every run on the plane.
func (p *Plane) Dir() string { return p.dir }

// Start runs a simulator on the plane. Only one may run at a time.
func (p *Plane) Start(ctx context.Context, options simulator.Options) (*simulator.Harvester, error) {
	options.APIServer, options.Dir = p.Config(), p.dir
	if options.KubeVirt == nil && options.KubeVirtAdmission == "" {
		options.KubeVirtAdmission = p.admission
	}
	return simulator.Start(ctx, options)
}

// AdmissionProgram is the path of KubeVirt's admission.
func (p *Plane) AdmissionProgram() string { return p.admission }

// Stop ends the plane and removes its files.
func (p *Plane) Stop(ctx context.Context) error {
	return errors.Join(p.plane.Stop(ctx), os.RemoveAll(p.dir))
}
