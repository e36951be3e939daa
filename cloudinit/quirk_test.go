package cloudinit

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuirksAreDescribed(t *testing.T) {
	seen, readme := map[string]bool{}, string(read(t, "README.md"))
	for _, quirk := range Quirks() {
		assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, quirk.Name)
		for _, text := range []string{quirk.Guests, quirk.Reason, quirk.Source} {
			assert.NotEmpty(t, text, quirk.Name)
		}
		assert.Contains(t, readme, "| `"+quirk.Name+"` |")
		assert.False(t, seen[quirk.Name], "%s is there twice", quirk.Name)
		seen[quirk.Name] = true
	}
	_, _, err := ApplyQuirks(Config{}, Network{}, "no-such-quirk")
	require.ErrorIs(t, err, ErrUnknownQuirk)
	require.ErrorContains(t, err, "no-such-quirk")
}

// Each quirk does something, alone and beside the others, and leaves what it was given alone. None is on by itself.
func TestQuirksChangeOnlyTheirCopy(t *testing.T) {
	config, network := full(), networks()["dual"]
	network.NICs = append(network.NICs, NIC{Name: "eth1", MAC: mac(2), DHCP4: true, NoDHCPRoutes: true})
	same, unchanged, err := ApplyQuirks(config, network)
	require.NoError(t, err)
	assert.Equal(t, config, same)
	assert.Equal(t, network, unchanged)
	var all []string
	for _, quirk := range Quirks() {
		all = append(all, quirk.Name)
	}
	for _, names := range append([][]string{all}, split(all)...) {
		changedConfig, changedNetwork, err := ApplyQuirks(config, network, names...)
		require.NoError(t, err)
		assert.NotEqual(t, []any{config, network}, []any{changedConfig, changedNetwork}, "%v", names)
		_, err = RenderUserData(changedConfig, read(t, "testdata/bootstrap/rke2.yaml"))
		require.NoError(t, err)
		_, err = RenderNetworkData(changedNetwork, 2)
		require.NoError(t, err)
		assert.Equal(t, full(), config)
		assert.Equal(t, networks()["dual"].NICs[0], network.NICs[0])
		assert.False(t, network.NICs[1].DHCPByMAC)
	}
}

func split(names []string) [][]string {
	var single [][]string
	for _, name := range names {
		single = append(single, []string{name})
	}
	return single
}

func TestQuirkOfStaticRoutes(t *testing.T) {
	network := networks()["dual"]
	network.NICs = append(network.NICs, NIC{
		Name: "eth1", MAC: mac(2), Addresses: prefixes("203.0.113.7/32"), Gateway4: netip.MustParseAddr("203.0.113.1"),
	})
	network.VLANs = networks()["vlan"].VLANs
	config, _, err := ApplyQuirks(Config{BootCommands: [][]string{{"true"}}}, network, "suse-static-routes")
	require.NoError(t, err)
	var lines []string
	for _, command := range config.BootCommands {
		lines = append(lines, strings.Join(command, " "))
	}
	assert.Equal(t, []string{
		"true",
		"ip route replace default via 172.16.0.1 dev eth0",
		"ip -6 route replace default via 2001:db8::1 dev eth0",
		"ip route replace 10.8.0.0/13 via 172.16.0.2 dev eth0 metric 50",
		"ip -6 route replace 2001:db8:9::/48 via 2001:db8::2 dev eth0",
		"ip route replace default via 203.0.113.1 dev eth1 onlink",
		"ip route replace 10.30.0.0/16 via 10.20.0.1 dev eth0.20",
	}, lines)
}

func TestQuirksOfLeases(t *testing.T) {
	network := Network{NICs: []NIC{{Name: "eth0", MAC: mac(1), DHCP4: true}, networks()["static"].NICs[0]}}
	config, network2, err := ApplyQuirks(Config{}, network, "suse-dhcp-by-mac", "dhcp-by-mac")
	require.NoError(t, err)
	require.Len(t, config.BootCommands, 1)
	assert.Equal(t, []string{"sh", "eth0", "DHCLIENT_CLIENT_ID", "01:52:54:00:00:00:01"}, config.BootCommands[0][3:])
	assert.True(t, network2.NICs[0].DHCPByMAC)
	assert.False(t, network2.NICs[1].DHCPByMAC, "it asks for no lease")
}

func TestQuirkOfRoutesFromLeases(t *testing.T) {
	config, _, err := ApplyQuirks(Config{}, networks()["leading"], "suse-dhcp-routes")
	require.NoError(t, err)
	require.Len(t, config.BootCommands, 2)
	assert.Equal(t, []string{"sh", "eth1", "DHCLIENT_SET_DEFAULT_ROUTE", "no"}, config.BootCommands[0][3:])
	assert.Equal(t, []string{"sh", "eth2", "DHCLIENT_SET_DEFAULT_ROUTE", "no"}, config.BootCommands[1][3:])
}

// The script of wicked's settings writes each variable once, whatever is there already.
func TestWickedSetting(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ifcfg-eth1")
	require.NoError(t, os.WriteFile(file, []byte("BOOTPROTO='dhcp'\n"), 0o600))
	script := strings.NewReplacer("/etc/sysconfig/network", dir, "wicked ifreload", "echo reload").Replace(wickedSetting)
	for _, want := range []string{"reload eth1\n", ""} {
		said, err := exec.Command("sh", "-c", script, "sh", "eth1", "DHCLIENT_SET_DEFAULT_ROUTE", "no").CombinedOutput()
		require.NoError(t, err, "%s", said)
		assert.Equal(t, want, string(said))
		assert.Equal(t, "BOOTPROTO='dhcp'\nDHCLIENT_SET_DEFAULT_ROUTE='no'\n", string(read(t, file)))
	}
	said, err := exec.Command("sh", "-c", script, "sh", "eth2", "DHCLIENT_SET_DEFAULT_ROUTE", "no").CombinedOutput()
	require.NoError(t, err)
	assert.Empty(t, said, "an interface of another network manager is left alone")
}

func TestQuirkOfTransactionalRoot(t *testing.T) {
	config, _, err := ApplyQuirks(full(), Network{}, "transactional-root")
	require.NoError(t, err)
	rendered, err := RenderUserData(config, nil)
	require.NoError(t, err)
	got := decode(t, rendered)
	assert.NotContains(t, got, "packages")
	assert.Equal(t, []any{"systemctl", "enable", "--now", "qemu-guest-agent.service"}, got["runcmd"].([]any)[0])
	assert.Len(t, got["runcmd"], 3)
}
