package guest

import (
	"context"
	"errors"
	"fmt"
)

// Fault is something that goes wrong in one machine until it is mended.
type Fault string

// Faults.
const (
	// FaultAPIServerDown kills the machine's API server and keeps it down.
	FaultAPIServerDown Fault = "apiserver-down"
	// FaultEtcdDown kills the machine's etcd member, and its API server with it,
	// and keeps them down.
	FaultEtcdDown Fault = "etcd-down"
	// FaultKubeletDown stops the node's heartbeat and its kubelet's port.
	FaultKubeletDown Fault = "kubelet-down"
	// FaultAgentSilent keeps the guest agent from reporting addresses.
	FaultAgentSilent Fault = "agent-silent"
	// FaultPartition cuts the machine from the network: nothing of it can be
	// reached, and it reaches nothing.
	FaultPartition Fault = "partition"
	// FaultEtcdPartition cuts the machine's etcd member off from the other
	// members, in both directions; it lives on, and can be reached by clients. It
	// needs Options.PeerLinks.
	FaultEtcdPartition Fault = "etcd-partition"
)

// ErrUnknownFault marks a fault that does not exist, or does not apply to the
// machine.
var ErrUnknownFault = errors.New("this fault cannot be made here")

// Faults returns the faults that every Manager can make.
func Faults() []Fault {
	return []Fault{FaultAPIServerDown, FaultEtcdDown, FaultKubeletDown, FaultAgentSilent, FaultPartition}
}

// Break makes a fault in a running machine, named as its VM. Errors match
// ErrUnknownMachine or ErrUnknownFault.
func (m *Manager) Break(namespace, name string, fault Fault) error {
	return m.setFault(namespace, name, fault, true)
}

// Mend ends a fault. Mending what is not broken does nothing.
func (m *Manager) Mend(namespace, name string, fault Fault) error {
	return m.setFault(namespace, name, fault, false)
}

func (m *Manager) setFault(namespace, name string, fault Fault, broken bool) error {
	target, err := m.machine(namespace, name)
	if err != nil {
		return err
	}
	if fault == FaultAgentSilent {
		target.mu.Lock()
		target.silent = broken
		target.mu.Unlock()
		return nil
	}
	played := target.currentNode()
	if played == nil || played.kubelet.Load() == nil {
		return fmt.Errorf("%s: %w: it is no node yet", target, ErrUnknownFault)
	}
	if err := played.setFault(fault, broken); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

func (n *node) setFault(fault Fault, broken bool) error {
	switch {
	case fault == FaultKubeletDown:
		n.breakKubelet(broken)
	case fault == FaultPartition && n.server == nil:
		n.breakKubelet(broken)
	case n.server == nil:
		return fmt.Errorf("%w: %q needs a server", ErrUnknownFault, fault)
	case fault == FaultAPIServerDown:
		n.server.api.setHeld(broken)
	case fault == FaultEtcdDown:
		n.server.etcd.setHeld(broken)
	case fault == FaultEtcdPartition:
		return n.server.partition(broken)
	case fault == FaultPartition:
		n.breakKubelet(broken)
		return n.server.cut(broken)
	default:
		return fmt.Errorf("%w: %q; there are %v", ErrUnknownFault, fault, Faults())
	}
	return nil
}

func (n *node) breakKubelet(broken bool) {
	if broken {
		n.kubelet.Load().stop()
	} else {
		n.kubelet.Load().resume()
	}
}

// cut takes everything a server offers off the network, or brings it back.
func (s *server) cut(broken bool) error {
	s.api.setHeld(broken)
	s.etcd.setHeld(broken)
	if broken {
		s.closeDoor()
		return nil
	}
	return s.openDoor(context.Background())
}

func (u *unit) setHeld(held bool) {
	if held {
		u.hold()
	} else {
		u.release()
	}
}
