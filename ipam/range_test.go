package ipam

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRange(t *testing.T) {
	tests := map[string]struct {
		subnet, start, end, gateway             string
		wantStart, wantEnd, wantGateway, wantIn string
		wantSize                                string
	}{
		"defaults": {
			subnet: "192.168.0.0/24", wantStart: "192.168.0.1", wantEnd: "192.168.0.254", wantGateway: "192.168.0.1",
			wantIn: "192.168.0.0/24", wantSize: "253",
		},
		"explicit": {
			subnet: "172.16.0.0/16", start: "172.16.3.40", end: "172.16.3.49", gateway: "172.16.0.1",
			wantStart: "172.16.3.40", wantEnd: "172.16.3.49", wantGateway: "172.16.0.1",
			wantIn: "172.16.0.0/16", wantSize: "10",
		},
		"gateway inside is not counted": {
			subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.19", gateway: "10.0.0.15",
			wantStart: "10.0.0.10", wantEnd: "10.0.0.19", wantGateway: "10.0.0.15", wantIn: "10.0.0.0/24", wantSize: "9",
		},
		"start after end is swapped": {
			subnet: "10.0.0.0/24", start: "10.0.0.19", end: "10.0.0.10",
			wantStart: "10.0.0.10", wantEnd: "10.0.0.19", wantGateway: "10.0.0.1", wantIn: "10.0.0.0/24", wantSize: "10",
		},
		"host bits in the subnet": {
			subnet: "10.0.0.77/24", wantStart: "10.0.0.1", wantEnd: "10.0.0.254", wantGateway: "10.0.0.1",
			wantIn: "10.0.0.0/24", wantSize: "253",
		},
		"one address": {
			subnet: "10.0.0.7/32", wantStart: "10.0.0.7", wantEnd: "10.0.0.7", wantIn: "10.0.0.7/32", wantSize: "1",
		},
		"two addresses": {
			subnet: "10.0.0.6/31", wantStart: "10.0.0.6", wantEnd: "10.0.0.7", wantGateway: "10.0.0.7",
			wantIn: "10.0.0.6/31", wantSize: "1",
		},
		"four addresses": {
			subnet: "10.0.0.4/30", wantStart: "10.0.0.5", wantEnd: "10.0.0.6", wantGateway: "10.0.0.5",
			wantIn: "10.0.0.4/30", wantSize: "1",
		},
		"whole of IPv4": {
			subnet: "0.0.0.0/0", wantStart: "0.0.0.1", wantEnd: "255.255.255.254", wantGateway: "0.0.0.1",
			wantIn: "0.0.0.0/0", wantSize: "4294967293",
		},
		"IPv6 ends at the last address": {
			subnet: "2001:db8::/64", wantStart: "2001:db8::1", wantEnd: "2001:db8::ffff:ffff:ffff:ffff",
			wantGateway: "2001:db8::1", wantIn: "2001:db8::/64", wantSize: "18446744073709551614",
		},
		"one IPv6 address": {
			subnet: "2001:db8::7/128", wantStart: "2001:db8::7", wantEnd: "2001:db8::7", wantIn: "2001:db8::7/128", wantSize: "1",
		},
		"IPv4 in IPv6 form": {
			subnet: "10.0.0.0/24", start: "::ffff:10.0.0.10", end: "10.0.0.19",
			wantStart: "10.0.0.10", wantEnd: "10.0.0.19", wantGateway: "10.0.0.1", wantIn: "10.0.0.0/24", wantSize: "10",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRange(test.subnet, test.start, test.end, test.gateway)
			require.NoError(t, err)
			want := Range{
				Subnet: netip.MustParsePrefix(test.wantIn), Start: netip.MustParseAddr(test.wantStart),
				End: netip.MustParseAddr(test.wantEnd),
			}
			if test.wantGateway != "" {
				want.Gateway = netip.MustParseAddr(test.wantGateway)
			}
			assert.Equal(t, want, got)
			assert.Equal(t, test.wantSize, got.Size().String())
			again, err := got.Resolve()
			require.NoError(t, err)
			assert.Equal(t, got, again, "resolving a resolved range changes nothing")
		})
	}
}

func TestParseRangeRefuses(t *testing.T) {
	tests := map[string]struct{ subnet, start, end, gateway, want string }{
		"no subnet":               {want: `subnet "" is not in CIDR form`},
		"subnet without length":   {subnet: "10.0.0.0", want: "is not in CIDR form"},
		"subnet out of range":     {subnet: "192.168.300.0/24", want: "is not in CIDR form"},
		"start is no address":     {subnet: "10.0.0.0/24", start: "ten", want: `start "ten" is not an IP address`},
		"start with zone":         {subnet: "fe80::/64", start: "fe80::1%eth0", want: "is not an IP address"},
		"start outside":           {subnet: "10.0.0.0/24", start: "10.0.1.5", want: "start 10.0.1.5 is outside of subnet 10.0.0.0/24"},
		"end of another family":   {subnet: "10.0.0.0/24", end: "2001:db8::1", want: "end 2001:db8::1 is outside"},
		"start is network":        {subnet: "10.0.0.0/24", start: "10.0.0.0", want: "start 10.0.0.0 is the network address"},
		"end is broadcast":        {subnet: "10.0.0.0/24", end: "10.0.0.255", want: "end 10.0.0.255 is the broadcast address"},
		"end is last of IPv6":     {subnet: "2001:db8::/120", end: "2001:db8::ff", want: "is the broadcast address"},
		"gateway outside":         {subnet: "10.0.0.0/24", gateway: "10.0.1.1", want: "gateway 10.0.1.1 is outside"},
		"gateway is broadcast":    {subnet: "10.0.0.0/24", gateway: "10.0.0.255", want: "gateway 10.0.0.255 is the broadcast"},
		"start in a /32":          {subnet: "10.0.0.7/32", start: "10.0.0.7", want: "is the network address"},
		"gateway in a /32":        {subnet: "10.0.0.7/32", gateway: "10.0.0.7", want: "is the network address"},
		"address of a /32 beside": {subnet: "10.0.0.7/32", end: "10.0.0.8", want: "is outside of subnet"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRange(test.subnet, test.start, test.end, test.gateway)
			require.ErrorIs(t, err, ErrInvalidRange)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	subnet := netip.MustParsePrefix("10.0.0.0/24")
	outside, network := netip.MustParseAddr("10.0.1.1"), netip.MustParseAddr("10.0.0.0")
	for name, r := range map[string]Range{
		"no subnet":        {},
		"start outside":    {Subnet: subnet, Start: outside},
		"end is network":   {Subnet: subnet, End: network},
		"gateway outside":  {Subnet: subnet, Gateway: outside},
		"gateway of IPv6":  {Subnet: subnet, Gateway: netip.MustParseAddr("2001:db8::1")},
		"mapped addresses": {Subnet: subnet, Start: netip.MustParseAddr("::ffff:10.0.0.5")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Resolve()
			require.ErrorIs(t, err, ErrInvalidRange)
		})
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("192.168.0.0/24", "", "", "")
	f.Add("10.0.0.7/32", "", "", "")
	f.Add("10.0.0.6/31", "10.0.0.7", "", "")
	f.Add("::ffff:10.0.0.0/120", "10.0.0.5", "::ffff:10.0.0.2", "")
	f.Add("2001:db8::/64", "2001:db8::5", "2001:db8::2", "2001:db8::3")
	f.Add("::ffff:10.0.0.0/100", "0.0.0.1", "0.0.0.1", "")
	f.Fuzz(func(t *testing.T, subnet, start, end, gateway string) {
		got, err := ParseRange(subnet, start, end, gateway)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidRange)
			return
		}
		require.False(t, got.End.Less(got.Start), "start %s is after end %s", got.Start, got.End)
		require.True(t, got.Subnet.Contains(got.Start) && got.Subnet.Contains(got.End), "%+v leaves its subnet", got)
		require.False(t, got.Contains(got.Gateway), "the gateway can be allocated: %+v", got)
		require.GreaterOrEqual(t, got.Size().Sign(), 0)
		again, err := got.Resolve()
		require.NoError(t, err)
		require.Equal(t, got, again)
		set, err := resolveAll([]Range{got}, nil)
		require.NoError(t, err)
		require.Equal(t, got.Size().String(), set.size().String())
		addr, ok := set.nextFree(netip.Addr{}, &addrSet{})
		require.Equal(t, got.Size().Sign() > 0, ok)
		require.True(t, !ok || got.Contains(addr))
	})
}
