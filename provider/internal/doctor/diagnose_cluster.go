package doctor

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

const (
	kindCluster      = "Cluster"
	kindInfra        = "HarvesterCluster"
	kindMachine      = "Machine"
	kindInfraMachine = "HarvesterMachine"
	kindClaimPool    = "HarvesterIPPool"
)

// cluster looks at the Cluster and its HarvesterCluster.
func (d *diagnosis) cluster() {
	cluster := d.snapshot.Cluster
	about := d.clusterSubject(kindCluster, cluster)
	if isPaused(cluster) {
		d.add(about.finding(d.snapshot.Now, d.answers[infrav1.PausedReason], "", infrav1.PausedReason, "Reconciliation of the cluster is paused", nil, 0))
	}
	infra := d.snapshot.Infra
	if infra == nil {
		if d.snapshot.InfraMissing {
			message := fmt.Sprintf("HarvesterCluster %s/%s does not exist", cluster.Namespace, cluster.Spec.InfrastructureRef.Name)
			d.add(about.finding(d.snapshot.Now, d.own[ReasonInfrastructureNotFound], "", ReasonInfrastructureNotFound, message, at(cluster.CreationTimestamp), 0))
		}
		return
	}
	d.infra(infra)
}

func (d *diagnosis) infra(infra *infrav1.HarvesterCluster) {
	about := d.clusterSubject(kindInfra, infra)
	steps := clusterSteps
	if !infra.DeletionTimestamp.IsZero() {
		steps = deletionSteps
	}
	switch first, found := firstUnmet(infra.Status.Conditions, steps, d.answers); {
	case found:
		d.add(about.condition(d.snapshot.Now, first, infra.DeletionTimestamp))
	case len(infra.Status.Conditions) == 0 && !isPaused(d.snapshot.Cluster):
		d.add(about.finding(d.snapshot.Now, d.own[ReasonNotReconciled], "", ReasonNotReconciled, "The object has no conditions", at(infra.CreationTimestamp), 0))
	}
	for _, warning := range allUnmet(infra.Status.Conditions, clusterWarnings, d.answers) {
		if warning.Status == metav1.ConditionFalse {
			finding := about.condition(d.snapshot.Now, warning, nil)
			finding.Class = ClassWarning
			d.add(finding)
		}
	}
}

// pools looks at what serves IPAddressClaims. It matters to a machine only if that waits for a claim.
func (d *diagnosis) pools() {
	for i := range d.snapshot.Claimed {
		pool := &d.snapshot.Claimed[i]
		steps := []string{infrav1.ReadyCondition}
		if !pool.DeletionTimestamp.IsZero() {
			steps = deletionSteps
		}
		first, found := firstUnmet(pool.Status.Conditions, steps, d.answers)
		if !found {
			continue
		}
		about := d.clusterSubject(kindClaimPool, pool)
		about.fill = d.fill(terms{namespace: pool.Namespace, name: pool.Name, secret: pool.Spec.IdentitySecret.Namespace + "/" + pool.Spec.IdentitySecret.Name})
		finding := about.condition(d.snapshot.Now, first, pool.DeletionTimestamp)
		if !d.waitsForClaims() {
			finding.Class = ClassWarning
		}
		d.add(finding)
	}
}

func (d *diagnosis) waitsForClaims() bool {
	for i := range d.snapshot.Machines {
		if infra := d.snapshot.Machines[i].Infra; infra != nil {
			condition := meta.FindStatusCondition(infra.Status.Conditions, infrav1.AddressReadyCondition)
			if condition != nil && condition.Reason == infrav1.WaitingForAddressClaimReason {
				return true
			}
		}
	}
	return false
}

// condition makes a finding of a condition. What is being deleted waits since its deletion was ordered.
func (s subject) condition(now time.Time, first unmet, deleted *metav1.Time) Finding {
	since := at(first.LastTransitionTime)
	if deleted != nil && !deleted.IsZero() && first.Type == infrav1.DeletingCondition {
		since = at(*deleted)
	}
	return s.finding(now, first.answer, first.Type, first.Reason, first.Message, since, first.step)
}

func isPaused(cluster *clusterv1.Cluster) bool {
	_, annotated := cluster.Annotations[clusterv1.PausedAnnotation]
	return ptr.Deref(cluster.Spec.Paused, false) || annotated
}

// clusterSubject is an object that belongs to the cluster as a whole.
func (d *diagnosis) clusterSubject(kind string, object metav1.Object) subject {
	namespace, name := object.GetNamespace(), object.GetName()
	return subject{kind: kind, namespace: namespace, name: name, level: levelCluster, fill: d.fill(terms{namespace: namespace, name: name})}
}
