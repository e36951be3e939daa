package harvestermachine

import (
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// createdTTL is how long a VM that was created is believed in although the cache does not show it yet.
const createdTTL = 5 * time.Second

func createdKey(s *scope) string { return "created for " + string(s.machine.UID) }

// rememberCreated bridges the moment until the cache shows a new VM, which saves asking for it live.
func (r *Reconciler) rememberCreated(s *scope) {
	r.remembered.put(createdKey(s), s.vm.DeepCopy(), r.Clock.Now(), createdTTL)
}

// justCreated returns the VM that was created a moment ago. A deletion wants to know for certain, and is not told.
func (r *Reconciler) justCreated(s *scope) (*kubevirtv1.VirtualMachine, bool) {
	if !s.machine.DeletionTimestamp.IsZero() {
		return nil, false
	}
	object, found := r.remembered.get(createdKey(s), r.Clock.Now())
	vm, ok := object.(*kubevirtv1.VirtualMachine)
	if !found || !ok {
		return nil, false
	}
	return vm.DeepCopy(), true
}

// untilCached makes the reconcile come back when what is remembered of a new VM ends: it may have vanished since.
func (r *Reconciler) untilCached(s *scope) phase.Outcome {
	outcome := phase.Unchanged()
	if _, found := r.justCreated(s); found {
		outcome.RequeueAfter = createdTTL
	}
	return outcome
}
