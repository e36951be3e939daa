package guest

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

func TestAssign(t *testing.T) {
	nics := []guestapi.NIC{{Name: "nic-0", MAC: "02:00:00:00:00:0A"}, {Name: "nic-1", MAC: "02:00:00:00:00:0b"}}
	static, leased := netip.MustParseAddr("127.50.1.10"), netip.MustParseAddr("127.50.200.7")
	entry := cloudinit.Interface{MAC: "02:00:00:00:00:0b", Name: "lan", Addresses: []netip.Prefix{netip.PrefixFrom(static, 16)}}
	byName := cloudinit.Interface{Name: "eth0", DHCP4: true}
	for name, test := range map[string]struct {
		entries []cloudinit.Interface
		want    []guestapi.GuestAddress
		asked   []string
	}{
		"no network-data: a lease on the first": {nil, []guestapi.GuestAddress{
			{NIC: "nic-0", MAC: "02:00:00:00:00:0a", Interface: "eth0", IPs: []netip.Addr{leased}},
			{NIC: "nic-1", MAC: "02:00:00:00:00:0b", Interface: "eth1"},
		}, []string{"nic-0"}},
		"by MAC": {[]cloudinit.Interface{entry}, []guestapi.GuestAddress{
			{NIC: "nic-0", MAC: "02:00:00:00:00:0a", Interface: "eth0"},
			{NIC: "nic-1", MAC: "02:00:00:00:00:0b", Interface: "lan", IPs: []netip.Addr{static}},
		}, nil},
		"by name": {[]cloudinit.Interface{entry, byName}, []guestapi.GuestAddress{
			{NIC: "nic-0", MAC: "02:00:00:00:00:0a", Interface: "eth0", IPs: []netip.Addr{leased}},
			{NIC: "nic-1", MAC: "02:00:00:00:00:0b", Interface: "lan", IPs: []netip.Addr{static}},
		}, []string{"nic-0"}},
	} {
		var asked []string
		got := assign(nics, test.entries, func(nic string) netip.Addr { asked = append(asked, nic); return leased })
		assert.Equal(t, test.want, got, name)
		assert.Equal(t, test.asked, asked, name)
	}
}

func TestWithoutALeaseThereIsNoAddress(t *testing.T) {
	got := assign([]guestapi.NIC{{Name: "nic-0"}}, nil, func(string) netip.Addr { return netip.Addr{} })
	assert.Empty(t, got[0].IPs)
	assert.False(t, primary(got).IsValid())
}

func TestPrimaryIsTheFirstIPv4(t *testing.T) {
	six, four := netip.MustParseAddr("fd00::1"), netip.MustParseAddr("127.50.1.10")
	assert.Equal(t, four, primary([]guestapi.GuestAddress{{IPs: []netip.Addr{six}}, {IPs: []netip.Addr{six, four}}}))
}

func TestServiceAddress(t *testing.T) {
	for cidr, want := range map[string]string{
		"": "10.43.0.1", "10.96.0.0/12": "10.96.0.1", "fd00::/108": "10.43.0.1", "nonsense": "10.43.0.1",
	} {
		assert.Equal(t, want, serviceAddress(cidr), cidr)
	}
}
