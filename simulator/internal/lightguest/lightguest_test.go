package lightguest_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/lightguest"
)

const (
	version1 = `
network:
  version: 1
  config:
    - type: physical
      name: eth0
      mac_address: "52:54:00:AA:00:01"
      subnets:
        - {type: static, address: 127.50.1.10/16, gateway: 127.50.0.1}
    - type: physical
      name: eth1
      subnets: [{type: dhcp4}]
    - type: nameserver
      address: [127.0.0.53]
`
	version2 = `
version: 2
ethernets:
  eth0:
    match: {macaddress: "52:54:00:aa:00:01"}
    addresses: [127.50.1.10/16, fd00::1/64]
  eth1:
    dhcp4: true
`
)

func TestAddresses(t *testing.T) {
	for name, test := range map[string]struct {
		data string
		want []lightguest.Interface
	}{
		"nothing": {"  \n", nil},
		"version 1": {version1, []lightguest.Interface{
			{MAC: "52:54:00:aa:00:01", Addresses: []netip.Addr{netip.MustParseAddr("127.50.1.10")}}, {DHCP: true},
		}},
		"version 2": {version2, []lightguest.Interface{
			{MAC: "52:54:00:aa:00:01", Addresses: []netip.Addr{netip.MustParseAddr("127.50.1.10"), netip.MustParseAddr("fd00::1")}}, {DHCP: true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lightguest.Addresses([]byte(test.data))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	for _, data := range []string{"version: 3", "version: [", "just text", "version: 2\nethernets: {eth0: {addresses: [secret-address]}}"} {
		_, err := lightguest.Addresses([]byte(data))
		require.ErrorIs(t, err, lightguest.ErrNetworkData, data)
		assert.NotContains(t, err.Error(), "secret", "errors do not quote the data")
	}
}

func FuzzAddresses(f *testing.F) {
	f.Add(version1)
	f.Add(version2)
	f.Fuzz(func(t *testing.T, data string) {
		list, err := lightguest.Addresses([]byte(data))
		if err != nil && list != nil {
			t.Fatal("both an answer and an error")
		}
		for _, entry := range list {
			for _, addr := range entry.Addresses {
				if !addr.IsValid() {
					t.Fatal("an invalid address was accepted")
				}
			}
		}
	})
}

func TestBoot(t *testing.T) {
	nics := []guestapi.NIC{{Name: "nic-0", MAC: "52:54:00:aa:00:01"}, {Name: "nic-1", MAC: "52:54:00:aa:00:02"}}
	lease := func(nic string) netip.Addr {
		return map[string]netip.Addr{"nic-0": netip.MustParseAddr("127.50.200.10"), "nic-1": netip.MustParseAddr("127.50.200.11")}[nic]
	}
	for name, test := range map[string]struct {
		data string
		want [][]string
	}{
		"static and leased": {version1, [][]string{{"127.50.1.10"}, {"127.50.200.11"}}},
		"all leased":        {"", [][]string{{"127.50.200.10"}, {"127.50.200.11"}}},
		"unreadable":        {"version: 9", [][]string{{"127.50.200.10"}, {"127.50.200.11"}}},
		"one left out":      {"version: 2\nethernets: {eth0: {addresses: [127.50.1.9/16]}}", [][]string{{"127.50.1.9"}, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			guest, err := lightguest.Guests{}.Boot(t.Context(), guestapi.VMBoot{NICs: nics, NetworkData: []byte(test.data), Lease: lease})
			require.NoError(t, err)
			require.Eventually(t, func() bool { return len(guest.Addresses()) == 2 }, time.Minute, time.Millisecond)
			for i, report := range guest.Addresses() {
				var ips []string
				for _, addr := range report.IPs {
					ips = append(ips, addr.String())
				}
				assert.Equal(t, test.want[i], ips, report.NIC)
			}
			require.NoError(t, guest.Stop(t.Context(), true))
			require.NoError(t, guest.Stop(t.Context(), false))
			<-guest.Done()
			assert.Empty(t, guest.Addresses())
		})
	}
}
