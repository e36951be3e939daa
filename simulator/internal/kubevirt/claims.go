package kubevirt

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

// volumesState names the claims that keep a machine from starting.
type volumesState struct{ missing, unbound []string }

// claimsState looks at every claim that volumes refer to, except hotplugged ones, which a machine starts without.
func claimsState(ctx context.Context, reader client.Reader, namespace string, volumes []kubevirtv1.Volume) (volumesState, error) {
	var state volumesState
	for _, volume := range volumes {
		if source := volume.PersistentVolumeClaim; source != nil && source.Hotpluggable {
			continue
		}
		for _, name := range claims.Used([]kubevirtv1.Volume{volume}) {
			claim := &corev1.PersistentVolumeClaim{}
			err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, claim)
			switch {
			case apierrors.IsNotFound(err):
				state.missing = append(state.missing, name)
			case err != nil:
				return state, fmt.Errorf("read claim %s/%s: %w", namespace, name, err)
			case claim.Status.Phase != corev1.ClaimBound:
				state.unbound = append(state.unbound, name)
			}
		}
	}
	return state, nil
}

// volumeStatus is what an instance's status says of its volumes: their names, and of claims what they are.
func volumeStatus(ctx context.Context, reader client.Reader, vmi *kubevirtv1.VirtualMachineInstance) ([]kubevirtv1.VolumeStatus, error) {
	var list []kubevirtv1.VolumeStatus
	for _, volume := range vmi.Spec.Volumes {
		status := kubevirtv1.VolumeStatus{Name: volume.Name}
		for _, name := range claims.Used([]kubevirtv1.Volume{volume}) {
			claim := &corev1.PersistentVolumeClaim{}
			err := reader.Get(ctx, client.ObjectKey{Namespace: vmi.Namespace, Name: name}, claim)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read claim %s/%s: %w", vmi.Namespace, name, err)
			}
			status.PersistentVolumeClaimInfo = &kubevirtv1.PersistentVolumeClaimInfo{
				ClaimName: name, AccessModes: claim.Spec.AccessModes, VolumeMode: claim.Spec.VolumeMode,
				Capacity: claim.Status.Capacity, Requests: claim.Spec.Resources.Requests,
			}
		}
		list = append(list, status)
	}
	return list, nil
}
