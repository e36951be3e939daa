package names

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// addressOwnerSuffix keeps the owner id of a machine apart from that of a load balancer with the same namespace and
// name: the name of a load balancer is an RFC 1035 label and cannot hold a dot. There is exactly one slash in the id,
// so that Harvester's tool for releasing an address by hand works with it.
const addressOwnerSuffix = ".caphv"

// nicPrefix begins the names of a VM's network cards.
const nicPrefix = "nic-"

// VM names the virtual machine of a HarvesterMachine, which is also the guest's hostname and the Node's name. A name
// that cannot be a hostname and a label value is refused rather than changed, because the Node would not match.
func VM(machine string) (string, error) {
	if problems := validation.IsDNS1123Label(machine); len(problems) > 0 {
		return "", fmt.Errorf("HarvesterMachine name %q cannot name a VM: %s", machine, strings.Join(problems, "; "))
	}
	return machine, nil
}

// CloudInitSecret names the Secret that holds a VM's user-data and network-data.
func CloudInitSecret(vm string) string { return vm + "-cloud-init" }

// Disk names the disk of a VM at the given position in the machine's volumes.
func Disk(index int) string { return "disk-" + strconv.Itoa(index) }

// Volume names the PersistentVolumeClaim behind a disk.
func Volume(vm string, index int) string { return vm + "-" + Disk(index) }

// NIC names the network interface of a VM at the given position in the machine's networks.
func NIC(index int) string { return nicPrefix + strconv.Itoa(index) }

// GuestInterface names, inside the guest, the interface at the given position in the machine's networks.
func GuestInterface(index int) string { return "eth" + strconv.Itoa(index) }

// AddressOwner is what an address pool holds for the address of a VM.
func AddressOwner(targetNamespace, vm string) string {
	return targetNamespace + "/" + vm + addressOwnerSuffix
}

// CardAddressOwner is the id under which a pool holds the address of one network card of a VM. That of the first card is
// the VM's own.
func CardAddressOwner(targetNamespace, vm string, card int) string {
	if card == 0 {
		return AddressOwner(targetNamespace, vm)
	}
	return targetNamespace + "/" + vm + "." + NIC(card) + addressOwnerSuffix
}

// VMOfAddressOwner says for which VM an id of AddressOwner or CardAddressOwner stands, and whether it is one.
func VMOfAddressOwner(id string) (targetNamespace, vm string, ours bool) {
	id, ours = strings.CutSuffix(id, addressOwnerSuffix)
	targetNamespace, vm, slash := strings.Cut(id, "/")
	vm, card, dotted := strings.Cut(vm, ".")
	return targetNamespace, vm, ours && slash && (!dotted || isCard(card))
}

func isCard(text string) bool {
	index, is := NICIndex(text)
	return is && index > 0
}

// NICIndex is the position of a network interface whose name is one of NIC.
func NICIndex(name string) (index int, is bool) {
	digits, prefixed := strings.CutPrefix(name, nicPrefix)
	index, err := strconv.Atoi(digits)
	return index, prefixed && err == nil && index >= 0 && name == NIC(index)
}

// LegacyAddressOwner is what v0.2.x wrote into the pool for a HarvesterMachine.
func LegacyAddressOwner(namespace, machine string) string { return namespace + "/" + machine }

// ProviderID is a machine's provider id: Harvester's own cloud provider derives the same from the VM's UID.
func ProviderID(vmUID string) string { return infrav1.ProviderIDPrefix + vmUID }

// VMUID reads the VM's UID back from a provider id; the empty string means that it is not one of ours.
func VMUID(providerID string) string {
	uid, found := strings.CutPrefix(providerID, infrav1.ProviderIDPrefix)
	if !found {
		return ""
	}
	return uid
}
