package simulator

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/controlplane"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/loadbalancer"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/admission"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/virtapi"
)

func (h *Harvester) readVersion(context.Context) (err error) {
	h.release, err = version.Parse(h.options.Version)
	return err
}

// makeDir makes the directory, or a temporary one that Stop removes.
func (h *Harvester) makeDir(context.Context) (err error) {
	if h.dir = h.options.Dir; h.dir != "" {
		return os.MkdirAll(h.dir, 0o700)
	}
	h.dir, err = os.MkdirTemp("", "harvester-simulator-")
	h.temporary = h.dir
	return err
}

// startAPIServer starts etcd and kube-apiserver, unless the caller brought an API server.
func (h *Harvester) startAPIServer(ctx context.Context) error {
	if h.options.APIServer != nil {
		h.admin = rest.CopyConfig(h.options.APIServer)
		return nil
	}
	assets, err := controlplane.Assets(h.options.Assets)
	if err != nil {
		return err
	}
	h.plane, err = controlplane.Start(ctx, controlplane.Options{Name: "harvester", Dir: filepath.Join(h.dir, "controlplane"), AssetsDir: assets})
	if err != nil {
		return err
	}
	h.admin = h.plane.Config()
	return nil
}

// startControllerManager comes after the CRDs: its garbage collector discovers new kinds only every half minute.
func (h *Harvester) startControllerManager(ctx context.Context) error {
	if h.plane == nil {
		return nil
	}
	return h.plane.StartControllers(ctx, ControllerManagerControllers...)
}

// startAdmission starts KubeVirt's admission, which takes its seconds while the rest comes up.
func (h *Harvester) startAdmission(context.Context) error {
	switch {
	case h.options.KubeVirt != nil:
		h.kubevirt = h.options.KubeVirt
		return nil
	case h.options.WithoutKubeVirt:
		h.kubevirt = admission.AdmitAll{}
		return nil
	}

	program := h.options.KubeVirtAdmission
	if program == "" {
		var err error
		if program, err = virtapi.Find(h.options.Assets); err != nil {
			return fmt.Errorf("%w: build it with `make kubevirt-admission`, or set Options.WithoutKubeVirt", err)
		}
	}
	if _, err := os.Stat(program); err != nil {
		return err
	}
	h.virtAPI = virtapi.Start(virtapi.Options{
		Program: program, LogFile: filepath.Join(h.dir, "kubevirt-admission.log"), Log: h.options.Logger,
	})
	h.kubevirt = h.virtAPI
	return nil
}

// serveLoadBalancers opens a data path, if the options ask for one.
func (h *Harvester) serveLoadBalancers(context.Context) error {
	if h.options.ServeLoadBalancers && h.options.LoadBalancers == nil {
		h.proxies = loadbalancer.New()
		h.options.LoadBalancers = h.proxies
	}
	return nil
}

// stopPlane ends what Start started beside the simulator, and removes a temporary directory.
func (h *Harvester) stopPlane(ctx context.Context) []error {
	var problems []error
	if h.proxies != nil {
		h.proxies.Close()
		h.proxies = nil
	}
	if h.plane != nil {
		problems = append(problems, h.plane.Stop(ctx))
	}
	if h.temporary != "" {
		problems = append(problems, os.RemoveAll(h.temporary))
	}
	return problems
}
