//go:build judge

package judge

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func networkFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/network/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// Only the new release knows a schema of network data. It has no word for netplan's on-link, which netplan itself takes;
// TestRenderers looks at that file.
func TestNetworkDataPassesTheSchema(t *testing.T) {
	judge := releases(t)[1]
	for _, file := range networkFiles(t) {
		if strings.Contains(file, "onlink") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			verdict, err := judge.cloudInit("schema", "-t", "network-config", "--config-file", file)
			assert.NoError(t, err, "%s", verdict)
		})
	}
}

// renderers are those of the distributions whose guests are supported, each with what it must write for a file. What
// cloud-init's SUSE renderer loses (routes, gateways) is not in its lists, nor are VLANs in those of networkd, which makes
// none before 26.2, nor a VLAN's MTU in those of NetworkManager.
var renderers = []struct {
	distribution, renderer string
	static, dual, vlan     []string
}{
	{"rhel", "sysconfig",
		[]string{"IPADDR=172.16.3.40", "NETMASK=255.255.0.0", "GATEWAY=172.16.0.1", "HWADDR=52:54:00:00:00:01"},
		[]string{"IPV6ADDR=2001:db8::40/64", "IPV6_DEFAULTGW=2001:db8::1", "ADDRESS0=10.8.0.0", "GATEWAY0=172.16.0.2", "MTU=1450"},
		[]string{"IPADDR=10.20.0.7", "VLAN=yes", "PHYSDEV=eth0", "MTU=1400", "ADDRESS0=10.30.0.0"}},
	{"sles", "sysconfig",
		[]string{"IPADDR=172.16.3.40", "NETMASK=255.255.0.0", "LLADDR=52:54:00:00:00:01"},
		[]string{"IPADDR6=2001:db8::40/64", "MTU=1450"},
		[]string{"IPADDR=10.20.0.7", "VLAN_ID=20", "ETHERDEVICE=eth0", "MTU=1400"}},
	{"debian", "eni",
		[]string{"address 172.16.3.40/16", "gateway 172.16.0.1", "dns-nameservers 172.16.0.1 9.9.9.9", "dns-search example.org lab.example.org"},
		[]string{"address 2001:db8::40/64", "gateway 2001:db8::1", "10.8.0.0/13 gw 172.16.0.2", "2001:db8:9::/48 gw 2001:db8::2", "mtu 1450"},
		[]string{"iface eth0.20", "address 10.20.0.7/24", "vlan-raw-device eth0", "10.30.0.0/16 gw 10.20.0.1", "mtu 1400"}},
	{"ubuntu", "networkd",
		[]string{"Address=172.16.3.40/16", "Gateway=172.16.0.1", "DNS=172.16.0.1 9.9.9.9", "MACAddress=52:54:00:00:00:01"},
		[]string{"Address=2001:db8::40/64", "Gateway=2001:db8::1", "Destination=10.8.0.0/13", "Gateway=172.16.0.2", "MTUBytes=1450"},
		nil},
	{"ubuntu", "netplan",
		[]string{"- 172.16.3.40/16", ": 172.16.0.1", "- 9.9.9.9", "macaddress: '52:54:00:00:00:01'", "set-name: eth0"},
		[]string{"- 2001:db8::40/64", ": 2001:db8::1", "to: 10.8.0.0/13", "via: 172.16.0.2", "metric: 50", "mtu: 1450"},
		[]string{"eth0.20:", "id: 20", "link: eth0", "- 10.20.0.7/24", "via: 10.20.0.1", "mtu: 1400"}},
	{"fedora", "network-manager",
		[]string{"address1=172.16.3.40/16", "gateway=172.16.0.1", "mac-address=52:54:00:00:00:01", "dns=172.16.0.1;9.9.9.9;"},
		[]string{"address1=2001:db8::40/64", "gateway=2001:db8::1", "10.8.0.0/13,172.16.0.2", "mtu=1450"},
		[]string{"type=vlan", "interface-name=eth0.20", "id=20", "address1=10.20.0.7/24", "10.30.0.0/16,10.20.0.1"}},
}

func TestRenderers(t *testing.T) {
	for _, judge := range releases(t) {
		out := convertAll(t, judge)
		for _, r := range renderers {
			for _, version := range []string{"v1", "v2"} {
				t.Run(strings.Join([]string{judge.name, r.distribution, r.renderer, version}, "/"), func(t *testing.T) {
					written := filesBelow(t, filepath.Join(out, "static."+version+".yaml", r.distribution+"-"+r.renderer))
					for _, want := range r.static {
						assert.Contains(t, written, want)
					}
					written = filesBelow(t, filepath.Join(out, "dual."+version+".yaml", r.distribution+"-"+r.renderer))
					for _, want := range r.dual {
						assert.Contains(t, written, want)
					}
					written = filesBelow(t, filepath.Join(out, "vlan."+version+".yaml", r.distribution+"-"+r.renderer))
					for _, want := range r.vlan {
						assert.Contains(t, written, want)
					}
				})
			}
		}
		t.Run(judge.name+"/on-link", func(t *testing.T) {
			assert.Contains(t, filesBelow(t, filepath.Join(out, "onlink.v2.yaml", "ubuntu-netplan")), "on-link: true")
		})
	}
}

// convertAll puts every golden file through every renderer: each must take it, whatever is in it.
func convertAll(t *testing.T, judge release) string {
	t.Helper()
	out := t.TempDir()
	var pairs []string
	for _, r := range renderers {
		pairs = append(pairs, r.distribution+":"+r.renderer)
	}
	printed, err := judge.python(append([]string{"convert.py", out, strings.Join(pairs, ",")}, networkFiles(t)...)...)
	require.NoError(t, err, "%s", printed)
	for _, file := range networkFiles(t) {
		for _, pair := range pairs {
			dir := filepath.Join(out, filepath.Base(file), strings.ReplaceAll(pair, ":", "-"))
			assert.NotEmpty(t, filesBelow(t, dir), "%s wrote nothing for %s", pair, file)
		}
	}
	return out
}

func filesBelow(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		text.Write(content)
		return err
	}))
	return text.String()
}
