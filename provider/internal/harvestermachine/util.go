package harvestermachine

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

func ownedByMachine(s *scope, labels map[string]string) bool {
	return names.OwnedByMachine(labels, s.machine.Namespace, s.clusterName(), s.machine.Name)
}

func hasAll(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// merged returns a new map, so that the objects that hold the given ones are not changed by accident.
func merged(labels, wanted map[string]string) map[string]string {
	result := make(map[string]string, len(labels)+len(wanted))
	maps.Copy(result, labels)
	maps.Copy(result, wanted)
	return result
}

// wrap says what failed; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}

// event tells the operator what was done, as an event and in the log.
func (r *Reconciler) event(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	ctrl.LoggerFrom(ctx).Info(fmt.Sprintf(format, args...), "cluster", s.clusterName(), "reason", reason)
	r.Recorder.Eventf(s.machine, nil, corev1.EventTypeNormal, reason, action, format, args...)
}

// warning tells the operator what needs attention, as an event and in the log.
func (r *Reconciler) warning(ctx context.Context, s *scope, reason, action, format string, args ...any) {
	ctrl.LoggerFrom(ctx).Info("Warning: "+fmt.Sprintf(format, args...), "cluster", s.clusterName(), "reason", reason)
	r.Recorder.Eventf(s.machine, nil, corev1.EventTypeWarning, reason, action, format, args...)
}

// reported tells that the stored Deleting condition gives the reason already, so that its event is sent once.
func (r *Reconciler) reported(s *scope, reason string) bool {
	return conditions.GetReason(s.machine, infrav1.DeletingCondition) == reason
}
