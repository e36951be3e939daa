package sandbox

import (
	"context"
	"fmt"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// Fault is something a person can break in a running sandbox.
type Fault struct {
	// Name as typed.
	Name string
	// Target says what its argument is; empty when it needs none.
	Target string
	// Effect says what happens.
	Effect string
	// optional says what its argument may be.
	optional string
	make     makeFault
}

// makeFault makes a fault and says in a sentence what was done.
type makeFault func(ctx context.Context, s *Sandbox, target string) (string, error)

// Argument describes the argument for a help text; empty when it takes none.
func (f Fault) Argument() string {
	if f.Target != "" {
		return f.Target
	}
	return f.optional
}

// Faults lists all that can be broken, in the order for help texts.
func Faults() []Fault {
	faults := []Fault{{
		Name: "manager", Effect: "kills CAPHV's manager (SIGKILL); it is started again as a kubelet would",
		make: killManager,
	}}
	faults = append(faults, harvesterFaults()...)
	faults = append(faults, vmFaults()...)
	return append(faults, guestFaults()...)
}

func killManager(_ context.Context, s *Sandbox, _ string) (string, error) {
	manager, err := s.management.Manager(management.CAPHV)
	if err != nil {
		return "", err
	}
	pid := manager.PID()
	return fmt.Sprintf("killed CAPHV's manager, process %d", pid), manager.Kill()
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
		if fault.Argument() == "" && target != "" {
			return "", fmt.Errorf("fault %s takes no target", name)
		}
		return fault.make(ctx, s, target)
	}
	return "", fmt.Errorf("no fault is called %q; there are %s", name, strings.Join(names, ", "))
}
