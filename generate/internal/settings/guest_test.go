package settings

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadInterface(t *testing.T) {
	for text, want := range map[string]Interface{
		"1:dhcp":                   {Index: 1, Addressing: AddressingDHCP},
		"1:dhcp:optional":          {Index: 1, Addressing: AddressingDHCP, Optional: true},
		"2:dhcp:routes:dns":        {Index: 2, Addressing: AddressingDHCP, Routes: true, DNS: true},
		"0:none":                   {Addressing: AddressingNone},
		"3:optional:none":          {Index: 3, Addressing: AddressingNone, Optional: true},
		"1:pool=a":                 {Index: 1, Addressing: AddressingStatic, Pools: []string{"a"}},
		"1:pool=a:pool=b:optional": {Index: 1, Addressing: AddressingStatic, Pools: []string{"a", "b"}, Optional: true},
	} {
		got, ok := ReadInterface(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "1", "1:", "dhcp", "-1:dhcp", "x:dhcp", "1:static", "1:optional", "1:dhcp:none", "1:dhcp:dhcp", "1:dhcp:pool=a", "1:none:pool=a",
		"1:pool=", "1:pool=A", "1:none:routes", "1:pool=a:dns", "1:dhcp:slow", "1:dhcp:",
	} {
		_, ok := ReadInterface(text)
		assert.False(t, ok, text)
	}
}

func TestInterfacesAndGuestAreValidated(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Settings)
		flag   string
		text   string
	}{
		"form":              {func(s *Settings) { s.Interfaces = []string{"1:static"} }, "interface", "such as 1:dhcp:optional"},
		"no network":        {func(s *Settings) { s.Interfaces = []string{"2:dhcp"} }, "interface", "there are 2"},
		"a role has fewer":  {func(s *Settings) { s.Interfaces, s.Workers.Networks = []string{"1:dhcp"}, []string{"vms/a"} }, "interface", "there are 1"},
		"first with a pool": {func(s *Settings) { s.Interfaces = []string{"0:dhcp"} }, "interface", "leave one out"},
		"twice":             {func(s *Settings) { s.Interfaces = []string{"1:dhcp", "1:none"} }, "interface", "leave one out"},
		"version":           {func(s *Settings) { s.NetworkDataVersion = "2" }, "network-data-version", "v1, v2"},
		"quirk":             {func(s *Settings) { s.GuestQuirks = []string{"suse"} }, "guest-quirk", "suse-static-routes"},
		"none and more":     {func(s *Settings) { s.GuestQuirks = []string{"none", "dhcp-by-mac"} }, "guest-quirk", "leave out none"},
		"quirk twice":       {func(s *Settings) { s.GuestQuirks = []string{"dhcp-by-mac", "dhcp-by-mac"} }, "guest-quirk", "leave one out"},
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			s.Networks = []string{"vms/a", "vms/b"}
			assert.Empty(t, s.Problems())
			test.change(&s)
			if assert.Len(t, s.Problems(), 1) {
				assert.Equal(t, test.flag, s.Problems()[0].Flag)
				assert.Contains(t, s.Problems()[0].Text, test.text)
			}
		})
	}
}
