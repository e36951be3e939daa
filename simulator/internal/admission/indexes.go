package admission

import (
	"context"
	"fmt"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/claims"
)

// Indexes of VMs in the cache.
const (
	macIndex   = "mac"
	claimIndex = "claim"
)

// SetupIndexes prepares a cache for the validators. Call it before the cache starts.
func SetupIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	for name, values := range map[string]func(*kubevirtv1.VirtualMachine) []string{
		macIndex:   macsOf,
		claimIndex: func(vm *kubevirtv1.VirtualMachine) []string { return claims.Used(vm.Spec.Template.Spec.Volumes) },
	} {
		err := indexer.IndexField(ctx, &kubevirtv1.VirtualMachine{}, name, func(object client.Object) []string {
			vm, ok := object.(*kubevirtv1.VirtualMachine)
			if !ok || vm.Spec.Template == nil {
				return nil
			}
			return values(vm)
		})
		if err != nil {
			return fmt.Errorf("index VMs by %s: %w", name, err)
		}
	}
	return nil
}

func macsOf(vm *kubevirtv1.VirtualMachine) []string {
	var macs []string
	for _, nic := range vm.Spec.Template.Spec.Domain.Devices.Interfaces {
		if nic.MacAddress != "" {
			macs = append(macs, nic.MacAddress)
		}
	}
	return macs
}
