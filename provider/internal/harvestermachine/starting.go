package harvestermachine

import (
	"context"
	"fmt"
	"strings"
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

const (
	// startGrace is how long a VM may take to start before its volumes are looked at: most starts are over by then.
	startGrace = time.Minute
	// startTimeout is how long a start may take. After that the condition says that it failed; what to do about it is up to
	// a MachineHealthCheck or a person.
	startTimeout = 10 * time.Minute
)

// awaitStart says what keeps a VM from starting, in the condition and once in an event. It asks Harvester for the cause only
// after startGrace, and comes back by itself only at that time and at startTimeout: VM and volumes are watched.
func (r *Reconciler) awaitStart(ctx context.Context, s *scope, reason string, state harvesterclient.VMState) phase.Outcome {
	waited := time.Duration(0)
	if since := startingSince(s.machine, s.vmi); !since.IsZero() {
		waited = r.Clock.Since(since)
	}
	var volumes []volumeState
	if waited >= startGrace {
		var err error
		if volumes, err = readVolumes(ctx, s); err != nil {
			return phase.Fail(err, reason).Outdating(ofTheVM...)
		}
	}

	verdict := judgeStart(start{vm: s.vmKey().String(), reason: reason, message: runningMessage(s, state), state: state, waited: waited, volumes: volumes})
	if verdict.troubled && !toldOf(s.machine, verdict) {
		r.warning(ctx, s, verdict.reason, "Start", "%s", verdict.message)
	}
	outcome := phase.Wait(verdict.reason, verdict.message)
	outcome.RequeueAfter = verdict.again

	return outcome.Outdating(ofTheVM...)
}

// startingSince is when the present start of the VM began; the zero time when that is not known, or just now. The condition
// also counts the time for which a VM was switched off, so that the instance, which is made at each start, counts if it is
// later. Pure.
func startingSince(machine *infrav1.HarvesterMachine, vmi *kubevirtv1.VirtualMachineInstance) time.Time {
	known := conditions.Get(machine, infrav1.VMRunningCondition)
	if known == nil || !conditions.IsFalse(machine, infrav1.VMRunningCondition) {
		return time.Time{}
	}
	since := known.LastTransitionTime.Time
	switch {
	case vmi != nil && vmi.CreationTimestamp.After(since):
		return vmi.CreationTimestamp.Time
	case vmi == nil && machine.Status.Initialization.IsProvisioned():
		return time.Time{} // It ran before: this start has not come to an instance yet.
	}

	return since
}

// toldOf tells whether the stored condition says the same already, so that its event is sent once.
func toldOf(machine *infrav1.HarvesterMachine, verdict startVerdict) bool {
	known := conditions.Get(machine, infrav1.VMRunningCondition)

	return known != nil && known.Reason == verdict.reason && strings.HasPrefix(known.Message, verdict.headline)
}

// waitsForVolumes tells whether the machine's VM was found not to start, perhaps because of a volume. Pure.
func waitsForVolumes(machine *infrav1.HarvesterMachine) bool {
	switch conditions.GetReason(machine, infrav1.VMRunningCondition) {
	case infrav1.VMVolumeNotReadyReason, infrav1.VMStartTimedOutReason:
		return true
	}

	return false
}

// start is a VM that does not run yet.
type start struct {
	// vm is namespace and name of the VM.
	vm string
	// reason and message are what the condition says of the VM's phase.
	reason, message string
	state           harvesterclient.VMState
	// waited is how long the start takes already.
	waited time.Duration
	// volumes are those of the VM; empty before startGrace.
	volumes []volumeState
}

// startVerdict is what the condition says of a start.
type startVerdict struct {
	reason, message string
	// headline is the beginning of the message that stays while causes come and go.
	headline string
	// troubled asks for an event.
	troubled bool
	// again is how soon to look without an event; zero for never.
	again time.Duration
}

// judgeStart decides what to say of a start. A volume that is not ready comes before what KubeVirt says, which then only
// says that volumes are not ready. Pure.
func judgeStart(s start) startVerdict {
	if s.waited < startGrace {
		return startVerdict{reason: s.reason, message: s.message, again: startGrace - s.waited}
	}

	reason, cause := s.reason, s.state.Message
	if cause != "" {
		cause = s.state.Reason + ": " + cause
	}
	if lacking := causesOf(s.volumes); len(lacking) > 0 {
		reason, cause = infrav1.VMVolumeNotReadyReason, strings.Join(lacking, "; ")
	}

	verdict := startVerdict{reason: reason, headline: fmt.Sprintf("VM %s does not start", s.vm), troubled: true, again: startTimeout - s.waited}
	switch {
	case s.waited >= startTimeout:
		verdict.reason, verdict.again = infrav1.VMStartTimedOutReason, 0
		verdict.headline = fmt.Sprintf("VM %s has not started within %s", s.vm, startTimeout)
		if cause == "" {
			cause = fmt.Sprintf("Harvester says %s and no cause; look at the VM's events on Harvester", s.state.Reason)
		}
	case cause == "" && s.state.Phase != harvesterclient.PhaseUnschedulable && s.state.Phase != harvesterclient.PhaseFailed:
		// It takes long, and nothing is known to be wrong.
		return startVerdict{reason: s.reason, message: s.message, again: verdict.again}
	case cause == "":
		cause = s.state.Reason
	}
	verdict.message = verdict.headline + ": " + cause

	return verdict
}
