package harvestermachine

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cluster-api/util/conditions"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

func ownedByMachine(s *scope, labels map[string]string) bool {
	return s.whose().OwnsMachine(labels, s.machine.Name)
}

// about is the machine, as events and the log's lines name it.
func (r *Reconciler) about(s *scope) tell.About {
	about := tell.About{Recorder: r.Recorder, Object: s.machine, Cluster: s.clusterName()}
	for _, owner := range s.machine.OwnerReferences { // It may be all that is left of the Machine.
		if owner.Kind == "Machine" {
			about.Machine = owner.Name
		}
	}
	if s.infraCluster != nil && s.vmName != "" {
		about.VM = s.targetNamespace() + "/" + s.vmName
	}
	return about
}

// event tells the operator what was done, as an event and in the log.
func (r *Reconciler) event(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	r.about(s).Normal(ctx, reason, action, format, args...)
}

// eventAbout is event for one of several things of a kind.
func (r *Reconciler) eventAbout(ctx context.Context, s *scope, related runtime.Object, reason, action, format string, args ...any) {
	about := r.about(s)
	about.Related = related
	about.Normal(ctx, reason, action, format, args...)
}

// warning tells the operator what needs attention, as an event and in the log.
func (r *Reconciler) warning(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	r.about(s).Warning(ctx, reason, action, format, args...)
}

// reported tells that the stored Deleting condition gives the reason already, so that its event is sent once.
func (r *Reconciler) reported(s *scope, reason string) bool {
	return conditions.GetReason(s.machine, infrav1.DeletingCondition) == reason
}
