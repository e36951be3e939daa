package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	cdiv1 "kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
)

const (
	// protection is the finalizer that the apiserver puts on every claim; it goes when no machine uses the claim.
	protection = "kubernetes.io/pvc-protection"
	// provisionerAnnotation names the driver that provides a claim's volume.
	provisionerAnnotation = "volume.kubernetes.io/storage-provisioner"
	// missingClassDelay is how soon to look again for a storage class that does not exist.
	missingClassDelay = time.Second
)

// ClaimController binds claims and lets deleted ones go.
type ClaimController struct {
	kit.Env
	Timers *kit.Timers
	// Delay is how long a claim stays Pending.
	Delay time.Duration
}

// SetupWithManager starts the controller with the manager.
func (c *ClaimController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	if err := indexUsers(context.Background(), manager.GetFieldIndexer()); err != nil {
		return fmt.Errorf("index the users of claims: %w", err)
	}
	return ctrl.NewControllerManagedBy(manager).Named("persistentvolumeclaim").
		For(&corev1.PersistentVolumeClaim{}).
		Watches(&kubevirtv1.VirtualMachineInstance{}, handler.EnqueueRequestsFromMapFunc(claimsOf)).
		WithOptions(options).Complete(c)
}

// claimsOf are the claims that an instance uses, to be looked at when it goes.
func claimsOf(_ context.Context, object client.Object) []ctrl.Request {
	vmi, ok := object.(*kubevirtv1.VirtualMachineInstance)
	if !ok {
		return nil
	}
	var requests []ctrl.Request
	for _, name := range claims.Used(vmi.Spec.Volumes) {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: vmi.Namespace, Name: name}})
	}
	return requests
}

// Reconcile brings one claim a step further.
func (c *ClaimController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	claim := &corev1.PersistentVolumeClaim{}
	if err := c.Client.Get(ctx, request.NamespacedName, claim); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !claim.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, c.release(ctx, claim)
	}
	if claim.Status.Phase == corev1.ClaimBound {
		return ctrl.Result{}, c.resize(ctx, claim)
	}
	class, err := c.class(ctx, claim)
	if err != nil || class == nil {
		return ctrl.Result{RequeueAfter: missingClassDelay}, err
	}
	if left := c.Timers.Left("bind/"+string(claim.UID), c.Delay); left > 0 {
		return ctrl.Result{RequeueAfter: left}, nil
	}
	return ctrl.Result{}, c.bind(ctx, claim, class)
}

// class is the claim's storage class, nil if it does not exist (yet).
func (c *ClaimController) class(ctx context.Context, claim *corev1.PersistentVolumeClaim) (*storagev1.StorageClass, error) {
	if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName == "" {
		return nil, nil
	}
	class := &storagev1.StorageClass{}
	err := c.Client.Get(ctx, client.ObjectKey{Name: *claim.Spec.StorageClassName}, class)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read storage class %s: %w", *claim.Spec.StorageClassName, err)
	}
	return class, nil
}

// bind makes a volume for a claim and ties both together.
func (c *ClaimController) bind(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	volume := volumeFor(claim, class)
	if err := c.Client.Create(ctx, volume); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create volume %s: %w", volume.Name, err)
	}
	if claim.Spec.VolumeName != volume.Name {
		claim.Spec.VolumeName = volume.Name
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, provisionerAnnotation, class.Provisioner)
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, "pv.kubernetes.io/bind-completed", "yes")
		if err := c.Client.Update(ctx, claim); err != nil {
			return fmt.Errorf("bind claim %s/%s: %w", claim.Namespace, claim.Name, err)
		}
	}
	claim.Status.Phase = corev1.ClaimBound
	claim.Status.AccessModes = claim.Spec.AccessModes
	claim.Status.Capacity = claim.Spec.Resources.Requests
	if err := c.Client.Status().Update(ctx, claim); err != nil {
		return fmt.Errorf("bind claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	return nil
}

// volumeFor is the volume that a claim gets.
func volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *corev1.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": class.Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: claim.Spec.Resources.Requests, AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode,
			StorageClassName: class.Name, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
				Driver: class.Provisioner, VolumeHandle: name,
			}},
		},
	}
}

// resize follows a claim that was enlarged.
func (c *ClaimController) resize(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	asked := claim.Spec.Resources.Requests.Storage()
	if claim.Status.Capacity.Storage().Cmp(*asked) >= 0 {
		return nil
	}
	claim.Status.Capacity = claim.Spec.Resources.Requests
	return c.Client.Status().Update(ctx, claim)
}

// release lets a deleted claim go once no machine uses it, with its volume and data volume.
func (c *ClaimController) release(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	used, err := c.inUse(ctx, claim)
	if err != nil || used || !controllerutil.ContainsFinalizer(claim, protection) {
		return err
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pvc-" + string(claim.UID)}}
	if err := c.destroy(ctx, volume); err != nil {
		return err
	}
	if c.Quirks.CDIImages {
		data := &cdiv1.DataVolume{ObjectMeta: metav1.ObjectMeta{Namespace: claim.Namespace, Name: claim.Name}}
		if err := client.IgnoreNotFound(c.Client.Delete(ctx, data, client.PropagationPolicy(metav1.DeletePropagationOrphan))); err != nil {
			return fmt.Errorf("delete data volume %s/%s: %w", claim.Namespace, claim.Name, err)
		}
	}
	controllerutil.RemoveFinalizer(claim, protection)
	return client.IgnoreNotFound(c.Client.Update(ctx, claim))
}

// destroy deletes a volume, past the finalizer that the apiserver puts on it.
func (c *ClaimController) destroy(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := c.Client.Get(ctx, client.ObjectKeyFromObject(volume), volume); err != nil {
		return client.IgnoreNotFound(err)
	}
	if err := client.IgnoreNotFound(c.Client.Delete(ctx, volume)); err != nil {
		return fmt.Errorf("delete volume %s: %w", volume.Name, err)
	}
	err := c.Client.Patch(ctx, volume, client.RawPatch(mergePatch, []byte(`{"metadata":{"finalizers":null}}`)))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("let volume %s go: %w", volume.Name, err)
	}
	return nil
}

// inUse tells whether an instance that is not over refers to the claim. Those that the cache knows of, and those that the
// cache's machines could have, are asked the apiserver for: a stale answer would take a disk from under a machine. Not all
// instances are, as with a thousand of them every volume that goes would have all read.
func (c *ClaimController) inUse(ctx context.Context, claim *corev1.PersistentVolumeClaim) (bool, error) {
	instances, machines := &kubevirtv1.VirtualMachineInstanceList{}, &kubevirtv1.VirtualMachineList{}
	for _, list := range []client.ObjectList{instances, machines} {
		if err := c.Client.List(ctx, list, client.InNamespace(claim.Namespace), client.MatchingFields{userIndex: claim.Name}); err != nil {
			return false, fmt.Errorf("list what uses claim %s/%s: %w", claim.Namespace, claim.Name, err)
		}
	}
	var users []string
	for i := range instances.Items {
		users = append(users, instances.Items[i].Name)
	}
	for i := range machines.Items {
		users = append(users, machines.Items[i].Name)
	}
	slices.Sort(users)
	for _, user := range slices.Compact(users) {
		vmi := &kubevirtv1.VirtualMachineInstance{}
		err := c.Live.Get(ctx, client.ObjectKey{Namespace: claim.Namespace, Name: user}, vmi)
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("read what uses claim %s/%s: %w", claim.Namespace, claim.Name, err)
		}
		if err == nil && !vmi.IsFinal() && slices.Contains(claims.Used(vmi.Spec.Volumes), claim.Name) {
			return true, nil
		}
	}
	return false, nil
}

// userIndex finds machines and instances by the claims that they use.
const userIndex = "storage.claim"

func indexUsers(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &kubevirtv1.VirtualMachineInstance{}, userIndex, func(object client.Object) []string {
		return claims.Used(object.(*kubevirtv1.VirtualMachineInstance).Spec.Volumes)
	})
	if err != nil {
		return err
	}
	return indexer.IndexField(ctx, &kubevirtv1.VirtualMachine{}, userIndex, func(object client.Object) []string {
		if template := object.(*kubevirtv1.VirtualMachine).Spec.Template; template != nil {
			return claims.Used(template.Spec.Volumes)
		}
		return nil
	})
}
