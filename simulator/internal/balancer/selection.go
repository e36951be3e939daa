package balancer

import (
	"cmp"
	"slices"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Annotations by which a load balancer says who asks for an address.
const (
	annotationPrefix     = "loadbalancer.harvesterhci.io/"
	NetworkAnnotation    = annotationPrefix + "network"
	ProjectAnnotation    = annotationPrefix + "project"
	NamespaceAnnotation  = annotationPrefix + "namespace"
	ClusterAnnotation    = annotationPrefix + "cluster"
	matchesEverything    = "*"
	globalPoolLabelValue = "true"
)

// Requirement is what a load balancer asks of a pool that it does not name.
type Requirement struct {
	Network, Project, Namespace, Cluster string
}

// RequirementOf reads the annotations; the namespace falls back to the load balancer's own.
func RequirementOf(lb *lbv1.LoadBalancer) Requirement {
	return Requirement{
		Network:   lb.Annotations[NetworkAnnotation],
		Project:   lb.Annotations[ProjectAnnotation],
		Namespace: cmp.Or(lb.Annotations[NamespaceAnnotation], lb.Namespace),
		Cluster:   lb.Annotations[ClusterAnnotation],
	}
}

// Matches tells whether a pool's selector admits the requirement: the network is the same, and some scope fits. A
// selector without scope admits nobody.
func Matches(selector lbv1.Selector, want Requirement) bool {
	return selector.Network == want.Network && slices.ContainsFunc(selector.Scope, func(scope lbv1.Tuple) bool {
		return fits(scope.Project, want.Project) && fits(scope.Namespace, want.Namespace) && fits(scope.GuestCluster, want.Cluster)
	})
}

func fits(offered, asked string) bool {
	return offered == matchesEverything || asked == matchesEverything || offered == asked
}

// matchesLoosely is the second chance that guest clusters' load balancers get: an empty project or guest cluster of a
// scope admits anyone.
func matchesLoosely(selector lbv1.Selector, want Requirement) bool {
	return selector.Network == want.Network && slices.ContainsFunc(selector.Scope, func(scope lbv1.Tuple) bool {
		return (scope.Project == "" || fits(scope.Project, want.Project)) && fits(scope.Namespace, want.Namespace) &&
			(scope.GuestCluster == "" || fits(scope.GuestCluster, want.Cluster))
	})
}

// Select returns the pool to use: the matching one of the highest priority, or the global one.
func Select(pools []lbv1.IPPool, want Requirement, loose bool) (*lbv1.IPPool, bool) {
	if best, ok := best(pools, want, Matches); ok {
		return best, true
	}
	if loose {
		if best, ok := best(pools, want, matchesLoosely); ok {
			return best, true
		}
	}
	for i := range pools {
		if isGlobal(&pools[i]) {
			return &pools[i], true
		}
	}
	return nil, false
}

func best(pools []lbv1.IPPool, want Requirement, matches func(lbv1.Selector, Requirement) bool) (*lbv1.IPPool, bool) {
	var found *lbv1.IPPool
	for i := range pools {
		pool := &pools[i]
		if isGlobal(pool) || !matches(pool.Spec.Selector, want) {
			continue
		}
		if found == nil || pool.Spec.Selector.Priority >= found.Spec.Selector.Priority {
			found = pool
		}
	}
	return found, found != nil
}

func isGlobal(pool *lbv1.IPPool) bool {
	return pool.Labels[lbv1.IPPoolGlobalLabel] == globalPoolLabelValue
}
