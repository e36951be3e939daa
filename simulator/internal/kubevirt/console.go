package kubevirt

import (
	"context"
	"fmt"
	"io"
	"net"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Console opens the serial line of a running instance. One user at a time has it: a new one takes it from the old. It
// ends when it is closed and when the machine goes off.
func (o *Operations) Console(ctx context.Context, key types.NamespacedName) (io.ReadWriteCloser, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err := o.Live.Get(ctx, key, vmi); err != nil {
		return nil, err
	}
	if attached := vmi.Spec.Domain.Devices.AutoattachSerialConsole; attached != nil && !*attached {
		return nil, apierrors.NewBadRequest("No serial consoles are present.")
	}
	if vmi.Status.Phase == kubevirtv1.Failed {
		return nil, refuse(instances, key, "VMI is in failed status")
	}
	line, ok := o.Power.console(vmi.UID)
	if vmi.Status.Phase != kubevirtv1.Running || !ok {
		return nil, apierrors.NewBadRequest("VMI is not running")
	}
	return line, nil
}

// console connects to the serial line of a machine that is on.
func (p *Power) console(uid types.UID) (net.Conn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.machines[uid]
	if !ok || m.state != On {
		return nil, false
	}
	if m.line != nil {
		_ = m.line.Close() // its user gets the end
	}
	guest, user := net.Pipe()
	m.line = guest
	p.working.Go(func() { getty(guest, m.boot.Name, m.guest.Done()) })
	return user, true
}

// getty is what answers on a machine's serial line: it asks who is there, and repeats what is typed.
func getty(line net.Conn, name string, off <-chan struct{}) {
	left := make(chan struct{})
	defer close(left)
	go func() {
		select {
		case <-off:
		case <-left:
		}
		_ = line.Close()
	}()
	if _, err := fmt.Fprintf(line, "%s login: ", name); err == nil {
		_, _ = io.Copy(line, line) // until either end is closed
	}
}
