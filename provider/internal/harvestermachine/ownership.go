package harvestermachine

import (
	"fmt"

	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// verdict says whose a VM of our name is. The empty explanation means: ours.
type verdict struct{ foreign string }

func (v verdict) ours() bool { return v.foreign == "" }

// judge decides whose VM it is that has this machine's name. A name proves nothing. The UID in the provider id does;
// before there is a provider id, our labels do: they are what an interrupted attempt left behind.
func judge(vm *kubevirtv1.VirtualMachine, machine *infrav1.HarvesterMachine, cluster names.Cluster) verdict {
	if uid := names.VMUID(machine.Spec.ProviderID); uid != "" {
		if string(vm.UID) == uid {
			return verdict{}
		}
		return verdict{fmt.Sprintf("VM %s/%s has the UID %s, but this machine's was %s: it was replaced outside of Cluster API; delete the Machine to get a new one",
			vm.Namespace, vm.Name, vm.UID, uid)}
	}
	if cluster.OwnsMachine(vm.Labels, machine.Name) {
		return verdict{}
	}
	return verdict{fmt.Sprintf("VM %s/%s exists and does not belong to this machine; rename or delete it, or, if it is this machine's, set spec.providerID to %s",
		vm.Namespace, vm.Name, names.ProviderID(string(vm.UID)))}
}
