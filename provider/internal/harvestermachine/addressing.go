package harvestermachine

import (
	"fmt"
	"net"
	"net/netip"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
)

// netSettings is what surrounds a VM's static address. The machine's own settings win over the cluster's.
type netSettings struct {
	gateway, mask string
	servers       []string
	search        []string
}

func settingsFor(cluster *infrav1.VMNetworkConfig, machine *infrav1.MachineVMNetworkConfig) netSettings {
	var settings netSettings
	if cluster != nil {
		settings = netSettings{cluster.Gateway, cluster.SubnetMask, cluster.DNSServers, cluster.DNSSearch}
	}
	if machine == nil {
		return settings
	}
	if machine.Gateway != "" {
		settings.gateway = machine.Gateway
	}
	if machine.SubnetMask != "" {
		settings.mask = machine.SubnetMask
	}
	if len(machine.DNSServers) > 0 {
		settings.servers = machine.DNSServers
	}
	if len(machine.DNSSearch) > 0 {
		settings.search = machine.DNSSearch
	}
	return settings
}

// staticAddress is an address with what the guest needs to use it.
type staticAddress struct {
	prefix  netip.Prefix
	gateway netip.Addr
	servers []netip.Addr
	search  []string
}

// on adds the address to a card. Of several gateways of one family the first counts.
func (a staticAddress) on(nic cloudinit.NIC) cloudinit.NIC {
	nic.Addresses = append(nic.Addresses, a.prefix)
	switch {
	case a.gateway.Is4() && !nic.Gateway4.IsValid():
		nic.Gateway4 = a.gateway
	case a.gateway.Is6() && !nic.Gateway6.IsValid():
		nic.Gateway6 = a.gateway
	}
	nic.DNSServers, nic.SearchDomains = a.servers, a.search
	return nic
}

// dropOtherFamily takes away a gateway that is for addresses of the other family: a cluster has one gateway, but may draw
// from pools of both.
func (a *staticAddress) dropOtherFamily(addr netip.Addr) {
	if a.gateway.IsValid() && a.gateway.BitLen() != addr.BitLen() {
		a.gateway = netip.Addr{}
	}
}

// leasedAddress surrounds a pool's address with the settings. Where the configured gateway is not in the network of the
// address (a cluster has one gateway, but may draw from pools of several subnets), the pool's own subnet and gateway
// hold instead. A link-local gateway, such as fe80::1, is reached from any subnet.
func leasedAddress(lease ipam.Lease, settings netSettings) (*staticAddress, error) {
	static, err := settings.around(lease.Address)
	if err != nil {
		return nil, err
	}
	static.dropOtherFamily(lease.Address)
	onLink := static.gateway.IsLinkLocalUnicast()
	if static.prefix.IsValid() && (onLink || static.prefix.Contains(static.gateway)) {
		return static, nil
	}
	if lease.Subnet.IsValid() {
		static.prefix = netip.PrefixFrom(lease.Address, lease.Subnet.Bits())
		if lease.Gateway.IsValid() && !onLink {
			static.gateway = lease.Gateway
		}
	}
	if !static.prefix.IsValid() {
		return nil, fmt.Errorf("address %s of pool %q has no network: set vmNetworkConfig.subnetMask", lease.Address, lease.Pool)
	}
	return static, nil
}

// fixedAddress is the address that networkConfig gives one machine.
func fixedAddress(config *infrav1.NetworkConfig, settings netSettings) (*staticAddress, error) {
	settings.gateway = config.Gateway
	if len(config.DNSServers) > 0 {
		settings.servers = config.DNSServers
	}
	if len(config.DNSSearch) > 0 {
		settings.search = config.DNSSearch
	}
	if prefix, err := netip.ParsePrefix(config.Address); err == nil {
		static, err := settings.around(prefix.Addr())
		if err == nil {
			static.prefix = prefix
		}
		return static, err
	}
	addr, err := netip.ParseAddr(config.Address)
	if err != nil {
		return nil, fmt.Errorf("spec.networkConfig.address %q is no IP address", config.Address)
	}
	static, err := settings.around(addr)
	if err == nil && !static.prefix.IsValid() {
		err = fmt.Errorf("spec.networkConfig.address %q has no prefix length, and the cluster no vmNetworkConfig.subnetMask", config.Address)
	}
	return static, err
}

// around reads the settings for one address. The prefix is invalid when there is no mask for its address family.
func (s netSettings) around(addr netip.Addr) (*staticAddress, error) {
	static := &staticAddress{search: s.search}
	if s.mask != "" {
		mask, bits, err := parseMask(s.mask)
		if err != nil {
			return nil, err
		}
		if mask.BitLen() == addr.BitLen() {
			static.prefix = netip.PrefixFrom(addr, bits)
		}
	}
	if s.gateway != "" {
		gateway, err := netip.ParseAddr(s.gateway)
		if err != nil {
			return nil, fmt.Errorf("gateway %q is no IP address", s.gateway)
		}
		static.gateway = gateway
	}
	for _, text := range s.servers {
		server, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("DNS server %q is no IP address", text)
		}
		static.servers = append(static.servers, server)
	}
	return static, nil
}

// parseMask reads a mask in dotted (or IPv6) form and counts its leading ones.
func parseMask(text string) (netip.Addr, int, error) {
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("subnet mask %q is not in dotted form, such as 255.255.0.0", text)
	}
	ones, size := net.IPMask(mask.AsSlice()).Size()
	if size == 0 || ones == 0 {
		return netip.Addr{}, 0, fmt.Errorf("subnet mask %q is not a run of ones, such as 255.255.0.0", text)
	}
	return mask, ones, nil
}
