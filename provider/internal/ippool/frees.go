package ippool

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Frees lets pass the events of IPPools for which somebody may be waiting: that a pool comes or goes, that its addresses or
// rules are others, that an address has another holder or none. That a further address was taken helps nobody who waits,
// and happens with every machine, in the eyes of every identity.
func Frees() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, okBefore := e.ObjectOld.(*lbv1.IPPool)
		after, okAfter := e.ObjectNew.(*lbv1.IPPool)
		return !okBefore || !okAfter || frees(before, after)
	}}
}

func frees(before, after *lbv1.IPPool) bool {
	for address, holder := range before.Status.Allocated {
		if after.Status.Allocated[address] != holder {
			return true
		}
	}
	for _, rule := range []string{ExcludedAnnotation, ReuseGraceAnnotation} {
		if before.Annotations[rule] != after.Annotations[rule] {
			return true
		}
	}
	return before.Status.Total != after.Status.Total ||
		before.DeletionTimestamp.IsZero() != after.DeletionTimestamp.IsZero() ||
		!equality.Semantic.DeepEqual(before.Spec, after.Spec)
}
