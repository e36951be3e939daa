package admission

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

// garbageCollector may delete any claim.
const garbageCollector = "system:serviceaccount:kube-system:generic-garbage-collector"

// claimRules are Harvester's for PersistentVolumeClaims.
type claimRules struct {
	cache client.Reader
	live  client.Reader
}

// create keeps storage classes that Harvester uses itself from others.
func (r claimRules) create(_ context.Context, _, claim *corev1.PersistentVolumeClaim) error {
	if class := claim.Spec.StorageClassName; class != nil && (*class == "longhorn-static" || *class == "vmstate-persistence") {
		return invalid("spec.storageClassName", "can not create volume with the reserved storage class "+*class)
	}
	return nil
}

// remove protects claims that are in use.
func (r claimRules) remove(ctx context.Context, claim *corev1.PersistentVolumeClaim, user string) error {
	if user == garbageCollector {
		return nil
	}
	if err := r.checkGolden(ctx, claim); err != nil {
		return err
	}
	users, err := usersOfClaim(ctx, r.cache, client.ObjectKeyFromObject(claim), func(vm *kubevirtv1.VirtualMachine) bool {
		return vm.DeletionTimestamp.IsZero()
	})
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return conflict(fmt.Sprintf("can not delete the volume %s which is currently attached to VM: %s", claim.Name, users[0]))
	}
	return r.checkOwners(ctx, claim)
}

func (r claimRules) checkGolden(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Annotations[claims.GoldenImageAnnotation] != "true" {
		return nil
	}
	err := r.live.Get(ctx, client.ObjectKeyFromObject(claim), &hciv1.VirtualMachineImage{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return invalid("", "can not delete golden image PVC")
}

func (r claimRules) checkOwners(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	var alive []string
	for _, owner := range claim.OwnerReferences {
		if owner.Kind != "VirtualMachine" {
			continue
		}
		vm := &kubevirtv1.VirtualMachine{}
		err := r.live.Get(ctx, client.ObjectKey{Namespace: claim.Namespace, Name: owner.Name}, vm)
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if err == nil && vm.DeletionTimestamp.IsZero() {
			alive = append(alive, owner.Name)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	return invalid("", fmt.Sprintf("can not delete the volume %s which is currently owned by these VMs: %s", claim.Name, strings.Join(alive, ",")))
}
