package storage

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

const mergePatch = types.MergePatchType

// DataVolumeController is CDI: it makes a claim of the same name for every data volume.
type DataVolumeController struct {
	kit.Env
}

// SetupWithManager starts the controller with the manager.
func (c *DataVolumeController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("datavolume").
		For(&cdiv1.DataVolume{}).Owns(&corev1.PersistentVolumeClaim{}).WithOptions(options).Complete(c)
}

// Reconcile brings one data volume a step further.
func (c *DataVolumeController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	volume := &cdiv1.DataVolume{}
	if err := c.Client.Get(ctx, request.NamespacedName, volume); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !volume.DeletionTimestamp.IsZero() || volume.Status.Phase == cdiv1.Succeeded {
		return ctrl.Result{}, nil
	}
	claim := &corev1.PersistentVolumeClaim{}
	err := c.Live.Get(ctx, request.NamespacedName, claim)
	if apierrors.IsNotFound(err) {
		claim = claimFor(volume)
		err = c.Client.Create(ctx, claim)
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("claim of data volume %s: %w", request, err)
	}
	phase, progress := cdiv1.CloneInProgress, cdiv1.DataVolumeProgress("N/A")
	if claim.Status.Phase == corev1.ClaimBound {
		phase, progress = cdiv1.Succeeded, "100.0%"
	}
	if volume.Status.Phase == phase {
		return ctrl.Result{}, nil
	}
	volume.Status.Phase, volume.Status.Progress, volume.Status.ClaimName = phase, progress, claim.Name
	return ctrl.Result{}, c.Client.Status().Update(ctx, volume)
}

// claimFor is the claim that a data volume asks for.
func claimFor(volume *cdiv1.DataVolume) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Namespace: volume.Namespace, Name: volume.Name, Labels: volume.Labels, Annotations: volume.Annotations,
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: cdiv1.SchemeGroupVersion.String(), Kind: "DataVolume", Name: volume.Name, UID: volume.UID,
			Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
		}},
	}}
	if wanted := volume.Spec.Storage; wanted != nil {
		claim.Spec = corev1.PersistentVolumeClaimSpec{
			AccessModes: wanted.AccessModes, VolumeMode: wanted.VolumeMode,
			StorageClassName: wanted.StorageClassName, Resources: wanted.Resources,
		}
	} else if wanted := volume.Spec.PVC; wanted != nil {
		claim.Spec = *wanted
	}
	return claim
}
