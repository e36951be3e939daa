package harvestermachine

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

var (
	masks     = []string{"255.255.0.0", "255.255.255.0", "255.255.255.252"}
	oddMasks  = []string{"0.0.0.0", "255.0.255.0", "255.255.255.255", "255.255.0.1", "ffff:ffff:ffff:ffff::", "fd00::1", "ffff::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "/16"}
	gateways  = []string{"172.16.0.1", "172.16.3.1", "2001:db8::ffff", "fe80::1"}
	oddHosts  = []string{"172.16.0.0", "172.16.255.255", "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "::ffff:172.16.0.1", "fe80::1%eth0", "172.016.0.1", "10.9.9.9", "172.16.0.1/16", "router"}
	servers   = []string{"172.16.0.53", "2001:db8::53"}
	domains   = []string{"example.com", "example.com.", "_tcp.example.com", "lab", "7.example"}
	oddNames  = []string{"a..b", "a-.b", ".a", "a.b..", "a b", strings.Repeat("abc.", 70), strings.Repeat("a.", 126) + "a."}
	addresses = []string{"172.16.3.10/16", "172.16.3.10", "172.16.3.10/32", "2001:db8::10/64", "2001:db8::10", "2001:db8::10/128"}
	badAddr   = []string{"172.16.0.1/16", "172.16.0.0/16", "172.16.255.255/16", "172.16.3.10/31", "172.16.3.10/33", "172.16.3.10/0", "172.16.3.10/016", "0.0.0.0/0", "::ffff:172.16.3.10/112", "fe80::2%eth0/64"}
	sizes     = []string{"40Gi", "100G", "42949672960", "1"}
	oddSizes  = []string{"0", "-1Gi", "500m", "1e3", "999999999999999999999999"}
)

// drawer draws a machine and its cluster of which one or two values are odd, and all others right.
type drawer struct {
	*rapid.T
	odd [2]int
	at  int
}

// places is about how many values are drawn; an odd place behind the last one means that none is odd.
const places = 48

func newDrawer(t *rapid.T) *drawer {
	place := rapid.IntRange(0, places)
	return &drawer{T: t, odd: [2]int{place.Draw(t, "odd"), place.Draw(t, "odd as well")}}
}

// oneOf draws one of the right values, or one of the odd ones where it is their turn.
func oneOf[T any](d *drawer, label string, right []T, odd ...T) T {
	d.at++
	if slices.Contains(d.odd[:], d.at) {
		return rapid.SampledFrom(odd).Draw(d.T, "odd "+label)
	}
	return rapid.SampledFrom(right).Draw(d.T, label)
}

// oddAnywhere are texts that are hardly right anywhere.
var oddAnywhere = []string{
	"", ".", "/", "-", " ", "0", "null", "~", "a/b", "a/b/c", "a.b/c", "A", "ä", "a\nb", "*", "::", "1.2.3.4",
	strings.Repeat("a", 64), strings.Repeat("ab.", 90) + "c",
}

func (d *drawer) text(label string, right []string, odd ...string) string {
	return oneOf(d, label, right, slices.Concat(odd, oddAnywhere)...)
}

func (d *drawer) texts(label string, most int, right []string, odd ...string) []string {
	var drawn []string
	for range rapid.IntRange(0, most).Draw(d.T, label+" count") {
		drawn = append(drawn, d.text(label, right, odd...))
	}
	return drawn
}

func maybe[T any](t *rapid.T, label string, draw func() *T) *T {
	if rapid.Bool().Draw(t, label) {
		return nil
	}
	return draw()
}

func (d *drawer) machine() *infrav1.HarvesterMachine {
	machine := &infrav1.HarvesterMachine{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterMachine"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod-ns", UID: "uid", Labels: map[string]string{"cluster.x-k8s.io/cluster-name": "demo"}},
	}
	machine.Name = d.text("name", []string{"demo-cp-x7k2p", "7", strings.Repeat("a", 63)})
	machine.Spec = infrav1.HarvesterMachineSpec{
		CPU:        oneOf(d, "cpu", []int32{1, 4, 1024}, 0, -1),
		Memory:     d.text("memory", []string{"8Gi", "8192Mi", "4G"}, oddSizes...),
		SSHUser:    d.text("sshUser", []string{"sles", "_a", "rancher$"}, "Administrator", "1a", strings.Repeat("a", 32), "a:b"),
		SSHKeyPair: d.text("sshKeyPair", []string{"default/key", "key"}, "de.fault/key", "default/Key", "default/"),
		Networks:   append(d.texts("network", 2, []string{"default/lan", "lan"}, "de.fault/lan"), "default/production"),
		CPUModel:   rapid.SampledFrom([]string{"", "host-model", "IvyBridge-IBRS"}).Draw(d.T, "cpuModel"),
	}
	for i := range rapid.Int32Range(1, 3).Draw(d.T, "volumes") {
		machine.Spec.Volumes = append(machine.Spec.Volumes, d.volume(i+1))
	}
	for i := range rapid.IntRange(0, 2).Draw(d.T, "devices") {
		machine.Spec.HostDevices = append(machine.Spec.HostDevices, infrav1.HostDevice{
			Name: fmt.Sprint("gpu-", i), DeviceName: d.text("deviceName", []string{"nvidia.com/GA102GL_A10", "gpu"}, "nvidia.com/a/b", "_", "nvidia.com/"),
		})
	}
	machine.Spec.Firmware = maybe(d.T, "firmware", func() *infrav1.Firmware {
		return &infrav1.Firmware{EFI: d.flag("efi"), SecureBoot: d.flag("secureBoot")}
	})
	machine.Spec.TPM = maybe(d.T, "tpm", func() *infrav1.TPM {
		return &infrav1.TPM{Enabled: d.flag("enabled"), Persistent: d.flag("persistent")}
	})
	machine.Spec.Guest = maybe(d.T, "guest", d.guest)
	d.addressing(&machine.Spec)
	if machine.Spec.Guest != nil && onlyFixed(&machine.Spec) && rapid.Bool().Draw(d.T, "networkDataVersion is v1") {
		machine.Spec.Guest.NetworkDataVersion = infrav1.NetworkDataV1
	}
	return machine
}

// onlyFixed tells whether the spec itself says every subnet. Version 1 of the network data has no word for a gateway outside
// of its subnet, and where a pool or a mask of the cluster's gives the subnet, only the machine's condition says so.
func onlyFixed(spec *infrav1.HarvesterMachineSpec) bool {
	if spec.NetworkConfig == nil || !strings.Contains(spec.NetworkConfig.Address, "/") {
		return false
	}
	return !slices.ContainsFunc(spec.NetworkInterfaces, func(i infrav1.NetworkInterface) bool {
		return len(i.IPPoolRefs)+len(i.AddressesFromPools) > 0
	})
}

func (d *drawer) flag(label string) *bool {
	return maybe(d.T, label+" is set", func() *bool { return ptr.To(rapid.Bool().Draw(d.T, label)) })
}

func (d *drawer) volume(order int32) infrav1.Volume {
	volume := infrav1.Volume{
		VolumeType:   rapid.SampledFrom([]infrav1.VolumeType{infrav1.VolumeTypeImage, infrav1.VolumeTypeStorageClass}).Draw(d.T, "volumeType"),
		ImageName:    d.text("imageName", []string{"default/sles", "sles", "default/SLES 15 (base)"}, "/a", "a/", "de.fault/sles", "Default/sles"),
		StorageClass: d.text("storageClass", []string{"longhorn", "harvester-longhorn"}, "Longhorn", "longhorn-static", "vmstate-persistence"),
	}
	volume.BootOrder = maybe(d.T, "bootOrder is set", func() *int32 { return ptr.To(oneOf(d, "bootOrder", []int32{0, order}, 1, -1)) })
	if size := oneOf(d, "volumeSize", sizes, append(oddSizes, "")...); size != "" {
		volume.VolumeSize = ptr.To(resource.MustParse(size))
	}
	return volume
}

// drawAddressing lets one of the ways to an address speak for the first interface.
func (d *drawer) addressing(spec *infrav1.HarvesterMachineSpec) {
	way := rapid.SampledFrom([]string{"cluster", "fixed", "pools", "interface"}).Draw(d.T, "way to an address")
	switch way {
	case "fixed":
		spec.NetworkConfig = &infrav1.NetworkConfig{
			Address: d.text("address", addresses, badAddr...), Gateway: d.text("gateway", gateways, oddHosts...),
			DNSServers: d.texts("dnsServer", 2, servers, oddHosts...), DNSSearch: d.texts("dnsSearch", 2, domains, oddNames...),
		}
	case "pools":
		spec.VMNetworkConfig = &infrav1.MachineVMNetworkConfig{
			IPPoolRef: "pool", Gateway: d.text("gateway", append(gateways, ""), oddHosts...), SubnetMask: d.text("subnetMask", append(masks, ""), oddMasks...),
			DNSServers: d.texts("dnsServer", 2, servers, oddHosts...), DNSSearch: d.texts("dnsSearch", 2, domains, oddNames...),
		}
	}
	for index := range spec.Networks {
		if index == 0 && way != "interface" || rapid.Bool().Draw(d.T, "interface by DHCP") {
			continue
		}
		spec.NetworkInterfaces = append(spec.NetworkInterfaces, d.networkInterface(int32(index)))
	}
}

func (d *drawer) networkInterface(index int32) infrav1.NetworkInterface {
	drawn := infrav1.NetworkInterface{
		Index: &index, Gateway: d.text("gateway", append(gateways, ""), oddHosts...),
		DNSServers: d.texts("dnsServer", 2, servers, oddHosts...), DNSSearch: d.texts("dnsSearch", 2, domains, oddNames...),
	}
	drawn.Optional, drawn.DHCPRoutes, drawn.DHCPDNS = d.flag("optional"), d.flag("dhcpRoutes"), d.flag("dhcpDNS")
	switch rapid.SampledFrom([]string{"Harvester", "claims", "fixed", "dhcp", "none"}).Draw(d.T, "source") {
	case "Harvester":
		drawn.IPPoolRefs = []string{"pool"}
	case "claims":
		for range rapid.IntRange(0, 2).Draw(d.T, "claims") {
			drawn.AddressesFromPools = append(drawn.AddressesFromPools, ipamv1.IPPoolReference{APIGroup: "ipam.cluster.x-k8s.io", Kind: "InClusterIPPool", Name: "p"})
		}
	case "fixed":
		drawn.Addresses = d.texts("fixed address", 2, []string{"172.16.4.10/16", "2001:db8:4::10/64"}, badAddr...)
	case "dhcp":
		drawn.Addressing, drawn.Gateway = infrav1.AddressingDHCP, ""
	case "none":
		drawn.Addressing, drawn.Gateway = infrav1.AddressingNone, ""
	}
	return drawn
}

// guest leaves out version 1 of the network data, see onlyFixed.
func (d *drawer) guest() *infrav1.Guest {
	return &infrav1.Guest{
		InstallAgent:       d.flag("installAgent"),
		NetworkDataVersion: rapid.SampledFrom([]infrav1.NetworkDataVersion{"", infrav1.NetworkDataV2}).Draw(d.T, "networkDataVersion"),
		Quirks: rapid.SliceOfNDistinct(rapid.SampledFrom([]infrav1.Quirk{
			infrav1.QuirkNone, infrav1.QuirkDHCPByMAC, infrav1.QuirkSUSEDHCPByMAC, infrav1.QuirkSUSEDHCPRoutes, infrav1.QuirkSUSEStaticRoutes, infrav1.QuirkTransactionalRoot,
		}), 0, 3, rapid.ID).Draw(d.T, "quirks"),
	}
}

func (d *drawer) cluster() *infrav1.HarvesterCluster {
	cluster := &infrav1.HarvesterCluster{
		TypeMeta:   metav1.TypeMeta{APIVersion: infrav1.GroupVersion.String(), Kind: "HarvesterCluster"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod-ns", Name: "demo-hv", UID: "uid"},
	}
	cluster.Spec.IdentitySecret = infrav1.SecretReference{Namespace: "prod-ns", Name: "identity"}
	cluster.Spec.LoadBalancerConfig.IPAMType = infrav1.IPAMTypeDHCP
	cluster.Spec.TargetNamespace = d.text("targetNamespace", []string{"default", "tenant-a"}, "tenant.a", "Tenant")
	cluster.Spec.VMNetworkConfig = maybe(d.T, "cluster's vmNetworkConfig", func() *infrav1.VMNetworkConfig {
		return &infrav1.VMNetworkConfig{
			IPPoolRef: "pool", Gateway: d.text("cluster's gateway", gateways, oddHosts...), SubnetMask: d.text("cluster's subnetMask", masks, oddMasks...),
			DNSServers: d.texts("cluster's dnsServer", 2, servers, oddHosts...), DNSSearch: d.texts("cluster's dnsSearch", 2, domains, oddNames...),
		}
	})
	return cluster
}
