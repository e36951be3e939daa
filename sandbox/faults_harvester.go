package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// resourceTarget is the argument of faults in Harvester's API.
const resourceTarget = "[<resource>, such as virtualmachines; all when left out]"

// harvesterFaults break the API that CAPHV reaches; harvester-up mends all.
func harvesterFaults() []Fault {
	return []Fault{
		{Name: "harvester-down", Effect: "refuses connections to Harvester", make: connections(simulator.Refused)},
		{Name: "harvester-cut", Effect: "resets connections to Harvester", make: connections(simulator.Cut)},
		{
			Name: "harvester-errors", optional: resourceTarget, Effect: "answers half of the requests with 500",
			make: rule(simulator.Rule{Name: "harvester-errors", Status: http.StatusInternalServerError, Probability: 0.5}),
		},
		{
			Name: "harvester-conflicts", optional: resourceTarget, Effect: "answers half of the updates and patches with 409",
			make: rule(simulator.Rule{Name: "harvester-conflicts", Verbs: []string{"update", "patch"}, Status: http.StatusConflict, Probability: 0.5}),
		},
		{
			Name: "harvester-throttles", optional: resourceTarget, Effect: "answers half of the requests with 429",
			make: rule(simulator.Rule{Name: "harvester-throttles", Status: http.StatusTooManyRequests, RetryAfter: time.Second, Probability: 0.5}),
		},
		{
			Name: "harvester-slow", optional: resourceTarget, Effect: "delays every request by 2 s",
			make: rule(simulator.Rule{Name: "harvester-slow", Latency: 2 * time.Second}),
		},
		{
			Name: "harvester-lost", optional: resourceTarget, Effect: "carries out a third of the creates and loses the answer",
			make: rule(simulator.Rule{Name: "harvester-lost", Verbs: []string{"create"}, Lost: true, Probability: 0.33}),
		},
		{
			Name: "harvester-denies", optional: resourceTarget, Effect: "has a webhook refuse half of the creates and updates, with 500",
			make: rule(simulator.Rule{
				Name: "harvester-denies", Verbs: []string{"create", "update"}, Probability: 0.5,
				Denial: "validator.harvester-system.harvester-load-balancer-webhook", Message: "refused for the sake of the sandbox",
			}),
		},
		{Name: "harvester-watches", optional: resourceTarget, Effect: "ends the open watches once", make: dropWatches},
		{Name: "harvester-token", Effect: "revokes CAPHV's token; the new one is in Harvester's kubeconfig", make: rotateToken},
		{Name: "harvester-up", Effect: "mends all of the above but harvester-token", make: mendHarvester},
	}
}

func connections(state simulator.ConnectionState) makeFault {
	return func(_ context.Context, s *Sandbox, _ string) (string, error) {
		s.harvester.Faults().Connections(state)
		return fmt.Sprintf("connections to Harvester: %s", state), nil
	}
}

func rule(broken simulator.Rule) makeFault {
	return func(_ context.Context, s *Sandbox, resource string) (string, error) {
		set := broken
		on := "everything"
		if resource != "" {
			set.Resources = []string{resource}
			on = resource
		}
		if err := s.harvester.Faults().Add(set); err != nil {
			return "", fmt.Errorf("breaking Harvester's API: %w", err)
		}
		return fmt.Sprintf("%s on %s", set.Name, on), nil
	}
}

func dropWatches(_ context.Context, s *Sandbox, resource string) (string, error) {
	return fmt.Sprintf("ended %d watches", s.harvester.Faults().DropWatches(resource)), nil
}

func mendHarvester(_ context.Context, s *Sandbox, _ string) (string, error) {
	s.harvester.Faults().Clear()
	return "Harvester's API works again", nil
}

func rotateToken(ctx context.Context, s *Sandbox, _ string) (string, error) {
	kubeconfig, err := s.harvester.RotateToken(ctx)
	if err != nil {
		return "", fmt.Errorf("revoking CAPHV's token: %w", err)
	}
	if err := os.WriteFile(s.HarvesterKubeconfig(), kubeconfig, 0o600); err != nil {
		return "", fmt.Errorf("writing Harvester's kubeconfig: %w", err)
	}
	return "CAPHV's token is revoked; the new one is in " + s.HarvesterKubeconfig(), nil
}

// machineTarget is the argument of faults in one virtual machine.
const machineTarget = "<namespace>/<vm>"

// vmFaults are what happens to a virtual machine as Harvester sees it.
func vmFaults() []Fault {
	vms := func(name, effect string, do func(context.Context, *simulator.VMFaults, types.NamespacedName) error) Fault {
		return Fault{Name: name, Target: machineTarget, Effect: effect, make: onMachine(
			func(ctx context.Context, s *Sandbox, namespace, name string) error {
				return do(ctx, s.harvester.VMs(), types.NamespacedName{Namespace: namespace, Name: name})
			})}
	}
	type faults = simulator.VMFaults
	return []Fault{
		vms("vm-crash", "ends the guest out of order", func(ctx context.Context, f *faults, vm types.NamespacedName) error { return f.Crash(ctx, vm) }),
		vms("vm-shutdown", "has the guest shut itself down", func(ctx context.Context, f *faults, vm types.NamespacedName) error { return f.ShutDown(ctx, vm) }),
		vms("vm-quota", "halts the VM as a resource quota does", func(ctx context.Context, f *faults, vm types.NamespacedName) error {
			return f.HaltByQuota(ctx, vm, "memory quota exceeded")
		}),
		vms("vm-vanish", "removes the VM past every finalizer", func(ctx context.Context, f *faults, vm types.NamespacedName) error { return f.Vanish(ctx, vm) }),
		vms("vm-migrate", "moves the VM to another host", func(ctx context.Context, f *faults, vm types.NamespacedName) error { return f.Migrate(ctx, vm) }),
		vms("vm-no-agent", "makes the guest agent disappear", func(_ context.Context, f *faults, vm types.NamespacedName) error {
			f.WithoutAgent(vm, true)
			return nil
		}),
		vms("vm-agent", "brings the guest agent back", func(_ context.Context, f *faults, vm types.NamespacedName) error {
			f.WithoutAgent(vm, false)
			return nil
		}),
	}
}

// onMachine parses a target of the form machineTarget.
func onMachine(do func(ctx context.Context, s *Sandbox, namespace, name string) error) makeFault {
	return func(ctx context.Context, s *Sandbox, target string) (string, error) {
		namespace, name, ok := strings.Cut(target, "/")
		if !ok {
			return "", fmt.Errorf("target %q is not of the form %s", target, machineTarget)
		}
		if err := do(ctx, s, namespace, name); err != nil {
			return "", err
		}
		return "done to " + target, nil
	}
}
