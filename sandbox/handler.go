package sandbox

import (
	"context"
	"fmt"
	"sort"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/control"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// Serve answers `caphv-sandbox status`, `break` and `down` until the returned
// function is called; down is called when somebody asks for the end.
func (s *Sandbox) Serve(down func()) (stop func(), err error) {
	return control.Serve(s.dir.Info().Socket, handler{s, down})
}

// handler is what other processes can ask of a sandbox.
type handler struct {
	sandbox *Sandbox
	down    func()
}

// Down implements control.Handler.
func (h handler) Down() { h.down() }

// Break implements control.Handler.
func (h handler) Break(ctx context.Context, fault, target string) (string, error) {
	return h.sandbox.Break(ctx, fault, target)
}

// Status implements control.Handler.
func (h handler) Status(ctx context.Context) (control.Status, error) { return h.sandbox.Status(ctx) }

// Status describes the sandbox as it is now.
func (s *Sandbox) Status(ctx context.Context) (control.Status, error) {
	status := control.Status{
		Started: s.started, StateDir: s.dir.Path(),
		Kubeconfigs: s.Kubeconfigs(),
		StatusPage:  s.StatusPage(),
		Parts:       s.parts(),
	}
	machines, err := s.machines(ctx)
	status.Machines = machines
	return status, err
}

// Kubeconfigs are the paths of kubeconfig files by what they reach.
func (s *Sandbox) Kubeconfigs() map[string]string {
	return map[string]string{
		"management":      s.ManagementKubeconfig(),
		"harvester":       s.HarvesterKubeconfig(),
		"harvester-admin": s.HarvesterAdminKubeconfig(),
	}
}

// parts lists what runs, the servers first.
func (s *Sandbox) parts() []control.Part {
	var parts []control.Part
	for _, plane := range []struct {
		name string
		pids []int
	}{{"management", s.management.PIDs()}, {"Harvester", s.harvesterPlane.PIDs()}} {
		for i, pid := range plane.pids {
			parts = append(parts, control.Part{Name: plane.name + " " + planeProgram(i), PID: pid})
		}
	}
	for _, component := range management.Components() {
		manager, err := s.management.Manager(component.Name)
		if err != nil {
			continue // this sandbox was started without it
		}
		parts = append(parts, control.Part{
			Name: component.Title, PID: manager.PID(), Restarts: manager.Restarts(), Detail: "log " + manager.LogFile(),
		})
	}
	return parts
}

// planeProgram names a control plane's processes by the order of their start.
func planeProgram(i int) string {
	names := []string{"etcd", "API server", "controllers"}
	return names[min(i, len(names)-1)]
}

// machines lists the virtual machines with what KubeVirt would print.
func (s *Sandbox) machines(ctx context.Context) ([]control.Machine, error) {
	c, err := s.HarvesterClient()
	if err != nil {
		return nil, err
	}
	var vms kubevirtv1.VirtualMachineList
	var instances kubevirtv1.VirtualMachineInstanceList
	if err := c.List(ctx, &vms); err != nil {
		return nil, fmt.Errorf("listing virtual machines: %w", err)
	}
	if err := c.List(ctx, &instances); err != nil {
		return nil, fmt.Errorf("listing virtual machines: %w", err)
	}
	addresses := map[client.ObjectKey]string{}
	for i := range instances.Items {
		instance := &instances.Items[i]
		if len(instance.Status.Interfaces) > 0 {
			addresses[client.ObjectKeyFromObject(instance)] = instance.Status.Interfaces[0].IP
		}
	}
	machines := make([]control.Machine, 0, len(vms.Items))
	for i := range vms.Items {
		vm := &vms.Items[i]
		machines = append(machines, control.Machine{
			Name: vm.Namespace + "/" + vm.Name, Status: string(vm.Status.PrintableStatus), Address: addresses[client.ObjectKeyFromObject(vm)],
		})
	}
	sort.Slice(machines, func(i, j int) bool { return machines[i].Name < machines[j].Name })
	return machines, nil
}

// HarvesterClient reads and writes Harvester's objects as administrator, past
// the proxy and its faults.
func (s *Sandbox) HarvesterClient() (client.Client, error) {
	scheme := harvesterclient.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("a client for Harvester: %w", err)
	}
	c, err := client.New(s.harvester.Admin(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("a client for Harvester: %w", err)
	}
	return c, nil
}
