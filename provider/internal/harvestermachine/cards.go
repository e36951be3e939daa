package harvestermachine

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/utils/ptr"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
)

// card is a network card that gets addresses from pools.
type card struct {
	// index is its place in the spec's networks.
	index int
	// pools are those on Harvester to try, in order.
	pools []string
	// claimed are the pools in the management cluster, each of which gives an address by a claim.
	claimed []ipamv1.IPPoolReference
	// config is what the spec says of this card. Nil for the first card where vmNetworkConfig speaks for it.
	config *infrav1.NetworkInterface
}

// claimedAddress is what an IPAddressClaim was given.
type claimedAddress struct {
	claim, pool string
	prefix      netip.Prefix
	// gateway is the zero address where the pool has none.
	gateway netip.Addr
}

// cards are the network cards that get addresses from pools, in their order.
func cards(s *scope) []card {
	var result []card
	choices := choicesOf(&s.machine.Spec)
	for index, config := range choices {
		if index < len(s.machine.Spec.Networks) && pooled(config) {
			result = append(result, card{index: index, pools: config.IPPoolRefs, claimed: config.AddressesFromPools, config: config})
		}
	}
	_, first := choices[0]
	pools := candidatePools(s)
	if s.machine.Spec.NetworkConfig == nil && !first && (len(pools) > 0 || s.machine.Status.AllocatedIPAddress != "") {
		result = append(result, card{index: 0, pools: pools})
	}
	slices.SortFunc(result, func(a, b card) int { return cmp.Compare(a.index, b.index) })
	return result
}

// pooled tells whether a network interface takes its addresses from pools.
func pooled(config *infrav1.NetworkInterface) bool {
	return (config.Addressing == "" || config.Addressing == infrav1.AddressingStatic) && len(config.Addresses) == 0
}

// fromHarvester tells whether the card's address comes from a pool on Harvester.
func (c card) fromHarvester() bool { return len(c.claimed) == 0 }

// recorded is the address on Harvester that the status says the card holds, with its pool.
func recorded(s *scope, index int) (addr netip.Addr, pool string) {
	if index == 0 {
		return s.allocatedAddress(), s.machine.Status.AllocatedPoolRef
	}
	for _, held := range s.machine.Status.AllocatedAddresses {
		if int(ptr.Deref(held.Index, 0)) == index && held.ClaimRef == "" {
			addr, _ = netip.ParseAddr(held.Address)
			return addr, held.PoolRef
		}
	}
	return netip.Addr{}, ""
}

// cardOwners are the ids under which a pool may hold the address of a card, the present one first.
func (s *scope) cardOwners(index int) []string {
	if index == 0 {
		return s.addressOwners()
	}
	return []string{names.CardAddressOwner(s.targetNamespace(), s.vmName, index)}
}

// allOwners are the ids of all cards that the machine has, or had when its status was written.
func (s *scope) allOwners() []string {
	owners := s.addressOwners()
	last := len(s.machine.Spec.Networks) - 1
	for _, held := range s.machine.Status.AllocatedAddresses {
		last = max(last, int(ptr.Deref(held.Index, 0)))
	}
	for index := 1; index <= last; index++ {
		owners = append(owners, s.cardOwners(index)...)
	}
	return owners
}

// record writes into the status what the cards hold. The first card has fields of its own as well, for readers that know
// of one card only.
func record(s *scope, cards []card) {
	var held []infrav1.AllocatedAddress
	for _, c := range cards {
		if lease, found := s.leases[c.index]; found && c.index == 0 {
			s.machine.Status.AllocatedIPAddress, s.machine.Status.AllocatedPoolRef = lease.Address.String(), lease.Pool
		}
		if c.config == nil {
			continue
		}
		index := ptr.To(int32(c.index)) //nolint:gosec // A machine has at most 32 cards.
		if lease, found := s.leases[c.index]; found {
			held = append(held, infrav1.AllocatedAddress{Index: index, Address: lease.Address.String(), PoolRef: lease.Pool})
		}
		for _, given := range s.claims[c.index] {
			held = append(held, infrav1.AllocatedAddress{Index: index, Address: given.prefix.Addr().String(), PoolRef: given.pool, ClaimRef: given.claim})
		}
	}
	s.machine.Status.AllocatedAddresses = held
}

// staticCards are the static addresses of all cards by index; cards that ask DHCP are not there.
func staticCards(s *scope) (map[int][]*staticAddress, error) {
	result := map[int][]*staticAddress{}
	settings := settingsFor(s.infraCluster.Spec.VMNetworkConfig, s.machine.Spec.VMNetworkConfig)
	if s.machine.Spec.NetworkConfig != nil {
		fixed, err := fixedAddress(s.machine.Spec.NetworkConfig, settings)
		if err != nil {
			return nil, err
		}
		result[0] = []*staticAddress{fixed}
	}
	for i := range s.machine.Spec.NetworkInterfaces {
		config := &s.machine.Spec.NetworkInterfaces[i]
		index := int(ptr.Deref(config.Index, 0))
		own, err := listedAddresses(index, config, settings)
		if err != nil {
			return nil, fmt.Errorf("network interface %d: %w", index, err)
		}
		if len(own) > 0 {
			result[index] = own
		}
	}
	for _, c := range cards(s) {
		addresses, err := staticAddresses(s, c, settings)
		if err != nil {
			return nil, fmt.Errorf("network card %d: %w", c.index, err)
		}
		if len(addresses) > 0 {
			result[c.index] = addresses
		}
	}
	return result, nil
}

// listedAddresses are the fixed addresses that the spec lists for one card.
func listedAddresses(index int, config *infrav1.NetworkInterface, cluster netSettings) ([]*staticAddress, error) {
	own := card{index: index, config: config}.settings(cluster)
	var result []*staticAddress
	for _, text := range config.Addresses {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("address %q is not an IP address with a prefix length, such as 10.20.0.7/24", text)
		}
		one, err := own.on(prefix, netip.Addr{}, index)
		if err != nil {
			return nil, err
		}
		result = append(result, one)
	}
	return result, nil
}

func staticAddresses(s *scope, c card, settings netSettings) ([]*staticAddress, error) {
	lease, leased := s.leases[c.index]
	if leased && c.config == nil {
		one, err := leasedAddress(lease, settings)
		return []*staticAddress{one}, err
	}
	own := c.settings(settings)
	var result []*staticAddress
	if leased {
		one, err := own.on(prefixOf(lease), lease.Gateway, c.index)
		if err != nil {
			return nil, err
		}
		result = append(result, one)
	}
	for _, given := range s.claims[c.index] {
		one, err := own.on(given.prefix, given.gateway, c.index)
		if err != nil {
			return nil, err
		}
		result = append(result, one)
	}
	return result, nil
}

// settings are those of this card; the first one takes the cluster's name servers where it has none of its own.
func (c card) settings(cluster netSettings) netSettings {
	own := netSettings{gateway: c.config.Gateway, servers: c.config.DNSServers, search: c.config.DNSSearch}
	if c.index == 0 && len(own.servers) == 0 {
		own.servers = cluster.servers
	}
	if c.index == 0 && len(own.search) == 0 {
		own.search = cluster.search
	}
	return own
}

// on puts an address with its pool's gateway on a card. A guest wants one default route: only the first card takes the
// gateway that its pool names, any other the one that the user names.
func (n netSettings) on(prefix netip.Prefix, gateway netip.Addr, index int) (*staticAddress, error) {
	static, err := n.around(prefix.Addr())
	if err != nil {
		return nil, err
	}
	static.prefix = prefix
	static.dropOtherFamily(prefix.Addr())
	if !static.gateway.IsValid() && index == 0 {
		static.gateway = gateway
	}
	return static, nil
}

func prefixOf(lease ipam.Lease) netip.Prefix {
	if lease.Subnet.IsValid() {
		return netip.PrefixFrom(lease.Address, lease.Subnet.Bits())
	}
	return netip.PrefixFrom(lease.Address, lease.Address.BitLen())
}
