//go:build guest

package guest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
)

const (
	hostname   = "guest-abcde"
	user       = "ops"
	ourKey     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOURSOURSOURSOURSOURSOURSOURSOURSOURSOURSOUR ours"
	theirKey   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAITHEIRSTHEIRSTHEIRSTHEIRSTHEIRSTHEIRSTHEIRS theirs"
	ourMarker  = "written by our part"
	theirsMark = "written by the bootstrap data"
)

// bootstrap is what a bootstrap provider could have made: it lists a user of our user's name, runs commands, and writes
// what the guest has become to its second serial port, once cloud-init is done.
const bootstrap = `users:
  - name: ` + user + `
    shell: /bin/sh
    ssh_authorized_keys: ["` + theirKey + `"]
ssh_genkeytypes: [ed25519]
locale: C.UTF-8
resize_rootfs: false
write_files:
  - path: /usr/local/bin/report
    permissions: "0755"
    content: |
      #!/bin/sh
      json() { printf '"%s": %s,\n' "$1" "$2"; }
      text() { json "$1" "$(printf '%s' "$2" | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))')"; }
      {
        echo REPORT-BEGIN
        echo "{"
        text hostname "$(hostname)"
        text release "$(cloud-init --version 2>&1)"
        text status "$(cloud-init status --wait --long 2>&1)"
        text theirs "$(cat /root/theirs)"
        text ours "$(cat /root/ours)"
        text keys "$(cat /home/` + user + `/.ssh/authorized_keys)"
        text shell "$(getent passwd ` + user + ` | cut -d: -f7)"
        text dns "$(resolvectl dns; resolvectl domain)"
        json addresses "$(ip -json addr)"
        json routes "$(ip -json route)"
        json routes6 "$(ip -json -6 route)"
        echo '"end": true}'
        echo REPORT-END
      } >/dev/ttyS1
      sync
      systemctl poweroff --force
runcmd:
  - echo "` + theirsMark + `" >/root/theirs
  - [systemd-run, --no-block, "--property=After=cloud-final.service", /usr/local/bin/report]
`

// ours is the provider's part.
func ours() cloudinit.Config {
	return cloudinit.Config{
		Hostname: hostname, User: user, SSHAuthorizedKeys: []string{ourKey}, ManageEtcHosts: true,
		WriteFiles:  []cloudinit.File{{Path: "/root/ours.txt", Content: []byte(ourMarker + "\n")}},
		RunCommands: [][]string{{"cp", "/root/ours.txt", "/root/ours"}},
	}
}

// network has two interfaces: the first with everything, the second plain.
func network() cloudinit.Network {
	return cloudinit.Network{NICs: []cloudinit.NIC{
		{
			Name: "eth0", MAC: net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1},
			Addresses: []netip.Prefix{netip.MustParsePrefix("172.16.3.40/16"), netip.MustParsePrefix("2001:db8::40/64")},
			Gateway4:  netip.MustParseAddr("172.16.0.1"), Gateway6: netip.MustParseAddr("2001:db8::1"),
			Routes: []cloudinit.Route{
				{To: netip.MustParsePrefix("10.8.0.0/13"), Via: netip.MustParseAddr("172.16.0.2"), Metric: 50},
				{To: netip.MustParsePrefix("2001:db8:9::/48"), Via: netip.MustParseAddr("2001:db8::2")},
			},
			DNSServers: []netip.Addr{netip.MustParseAddr("172.16.0.53")}, SearchDomains: []string{"example.org"}, MTU: 1450,
		},
		{
			Name: "storage0", MAC: net.HardwareAddr{0x52, 0x54, 0, 0, 0, 2},
			Addresses: []netip.Prefix{netip.MustParsePrefix("10.20.0.7/24")},
		},
	}}
}

// withoutRoutes is the network as a renderer that loses gateways and routes would write it.
func withoutRoutes(n cloudinit.Network) cloudinit.Network {
	bare := cloudinit.Network{}
	for _, nic := range n.NICs {
		nic.Gateway4, nic.Gateway6, nic.Routes = netip.Addr{}, netip.Addr{}, nil
		bare.NICs = append(bare.NICs, nic)
	}
	return bare
}

// seed makes the disk that a NoCloud datasource reads.
func seed(t *testing.T, userData, networkData []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"user-data": userData, "network-config": networkData,
		"meta-data": fmt.Appendf(nil, "instance-id: %s\n", filepath.Base(dir)),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	image := filepath.Join(t.TempDir(), "seed.iso")
	said, err := exec.CommandContext(t.Context(), "genisoimage", "-quiet", "-output", image, "-volid", "cidata", "-rational-rock", dir).CombinedOutput()
	require.NoError(t, err, "%s", said)
	return image
}
