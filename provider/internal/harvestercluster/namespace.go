package harvestercluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

const (
	// versionRecheck is how soon an unsupported Harvester is looked at again: an upgrade sends no event.
	versionRecheck = 10 * time.Minute
	// terminationRecheck is how soon a namespace that is going away, and may not be watched, is looked at again.
	terminationRecheck = 10 * time.Second
)

// ensureNamespace makes sure that the namespace for VMs is there. One that it creates carries the cluster's labels; only
// by them may the deletion know it again.
func (r *Reconciler) ensureNamespace(ctx context.Context, s *scope) phase.Outcome {
	namespace := &corev1.Namespace{}
	key := client.ObjectKey{Name: s.targetNamespace()}
	err := s.harvester.Client().Get(ctx, key, namespace)
	if apierrors.IsNotFound(err) {
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Labels: s.labels()}}
		s.made = true
		err = s.harvester.Client().Create(ctx, namespace)
	}
	switch {
	case apierrors.IsAlreadyExists(err):
	case err != nil:
		return phase.Fail(fmt.Errorf("ensure namespace %q on Harvester: %w", key.Name, err), infrav1.TargetNamespaceFailedReason)
	case !namespace.DeletionTimestamp.IsZero():
		recheck := r.wake.When(ctx, s.harvester, namespace, harvesterclient.UntilGone, s.request(), terminationRecheck)
		return phase.Until(recheck, infrav1.TargetNamespaceTerminatingReason,
			fmt.Sprintf("Namespace %q on Harvester is being deleted", key.Name))
	}
	return phase.Done(infrav1.TargetNamespaceAvailableReason, "")
}
