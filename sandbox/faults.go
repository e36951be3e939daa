package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// Fault is something a person can break in a running sandbox.
type Fault struct {
	// Name as typed.
	Name string
	// Target says what its argument is; empty when it takes none.
	Target string
	// Effect says what happens.
	Effect string
	make   func(ctx context.Context, s *Sandbox, target string) (string, error)
}

// Faults lists all that can be broken, in the order for help texts.
func Faults() []Fault {
	faults := []Fault{{
		Name: "manager", Effect: "kills CAPHV's manager (SIGKILL); it is started again as a kubelet would",
		make: killManager,
	}}
	for _, f := range guestFaults {
		faults = append(faults, inGuest(f.fault, f.effect), mended(f.fault))
	}
	return faults
}

func killManager(_ context.Context, s *Sandbox, _ string) (string, error) {
	manager, err := s.management.Manager(management.CAPHV)
	if err != nil {
		return "", err
	}
	pid := manager.PID()
	return fmt.Sprintf("killed CAPHV's manager, process %d", pid), manager.Kill()
}

// machineTarget is the argument of faults in one virtual machine.
const machineTarget = "<namespace>/<vm>"

// guestFaults are what can break inside a virtual machine.
var guestFaults = []struct {
	fault  guest.Fault
	effect string
}{
	{guest.FaultAPIServerDown, "kills the machine's kube-apiserver and keeps it down"},
	{guest.FaultEtcdDown, "kills the machine's etcd member and keeps it down"},
	{guest.FaultKubeletDown, "stops the node's heartbeat"},
	{guest.FaultAgentSilent, "keeps the guest agent from reporting addresses"},
	{guest.FaultPartition, "cuts the machine from the network"},
}

func inGuest(fault guest.Fault, effect string) Fault {
	return Fault{
		Name: string(fault), Target: machineTarget, Effect: effect,
		make: func(_ context.Context, s *Sandbox, target string) (string, error) {
			return onMachine(s, target, string(fault), func(namespace, name string) error { return s.guests.Break(namespace, name, fault) })
		},
	}
}

// mended ends a guest's fault.
func mended(fault guest.Fault) Fault {
	return Fault{
		Name: "mend-" + string(fault), Target: machineTarget, Effect: "ends " + string(fault),
		make: func(_ context.Context, s *Sandbox, target string) (string, error) {
			return onMachine(s, target, "mended "+string(fault), func(namespace, name string) error { return s.guests.Mend(namespace, name, fault) })
		},
	}
}

func onMachine(s *Sandbox, target, done string, do func(namespace, name string) error) (string, error) {
	if s.guests == nil {
		return "", errors.New("this sandbox has no guests of its own")
	}
	namespace, name, ok := strings.Cut(target, "/")
	if !ok {
		return "", fmt.Errorf("target %q is not of the form %s", target, machineTarget)
	}
	if err := do(namespace, name); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %s", target, done), nil
}

// Break makes the named fault and says what was done.
func (s *Sandbox) Break(ctx context.Context, name, target string) (string, error) {
	var names []string
	for _, fault := range Faults() {
		if fault.Name != name {
			names = append(names, fault.Name)
			continue
		}
		if fault.Target != "" && target == "" {
			return "", fmt.Errorf("fault %s needs a target: %s", name, fault.Target)
		}
		return fault.make(ctx, s, target)
	}
	return "", fmt.Errorf("no fault is called %q; there are %s", name, strings.Join(names, ", "))
}
