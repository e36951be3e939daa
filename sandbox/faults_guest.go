package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
)

// guestFaults are what can break inside a virtual machine; each can be mended.
func guestFaults() []Fault {
	effects := map[guest.Fault]string{
		guest.FaultAPIServerDown: "kills the machine's kube-apiserver and keeps it down",
		guest.FaultEtcdDown:      "kills the machine's etcd member, and its API server, and keeps them down",
		guest.FaultKubeletDown:   "stops the node's heartbeat",
		guest.FaultAgentSilent:   "keeps the guest agent from reporting addresses",
		guest.FaultPartition:     "cuts the machine from the network",
	}
	var faults []Fault
	for _, fault := range guest.Faults() {
		faults = append(faults,
			Fault{
				Name: string(fault), Target: machineTarget, Effect: effects[fault],
				make: onMachine(func(_ context.Context, s *Sandbox, namespace, name string) error {
					return s.inGuests(func(guests *guest.Manager) error { return guests.Break(namespace, name, fault) })
				}),
			},
			Fault{
				Name: "mend-" + string(fault), Target: machineTarget, Effect: "ends " + string(fault),
				make: onMachine(func(_ context.Context, s *Sandbox, namespace, name string) error {
					return s.inGuests(func(guests *guest.Manager) error { return guests.Mend(namespace, name, fault) })
				}),
			})
	}
	return faults
}

// errNoGuests means that the caller of Start brought guests of its own.
var errNoGuests = errors.New("this sandbox has no guests that could be broken")

func (s *Sandbox) inGuests(do func(*guest.Manager) error) error {
	if s.guests == nil {
		return errNoGuests
	}
	if err := do(s.guests); err != nil {
		return fmt.Errorf("breaking a guest: %w", err)
	}
	return nil
}
