//go:build guest

package guest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
)

// patience is far more than the minute that software emulation takes on two cores.
const patience = 15 * time.Minute

// report is what the guest says of itself.
type report struct {
	Hostname, Release, Status, Theirs, Ours, Keys, Shell, DNS string
	Addresses                                                 []struct {
		Ifname, Address string
		MTU             int
		AddrInfo        []struct {
			Local     string
			Prefixlen int
		} `json:"addr_info"`
	}
	Routes, Routes6 []route
}

type route struct {
	Dst, Gateway, Dev string
	Metric            int
	// Nexthops is set where routes from elsewhere lead to the same destination: qemu advertises itself as a router.
	Nexthops []struct{ Gateway, Dev string }
}

// flat gives every next hop a route of its own.
func flat(routes []route) []route {
	var all []route
	for _, each := range routes {
		if len(each.Nexthops) == 0 {
			all = append(all, each)
		}
		for _, hop := range each.Nexthops {
			all = append(all, route{Dst: each.Dst, Gateway: hop.Gateway, Dev: hop.Dev, Metric: each.Metric})
		}
	}
	return all
}

// cases are the ways in which a guest is given the same thing. The archive is made by a template statement, and the
// routes of the last come from the quirk alone.
var cases = []struct {
	name, header string
	version      int
	quirk        bool
}{
	{"v2-merged", "#cloud-config\n", 2, false},
	{"v1-archive-quirk", "## template: jinja\n#cloud-config\n{% set nothing = 1 %}\n", 1, true},
}

func TestGuestsBoot(t *testing.T) {
	t.Parallel()
	images := os.Getenv("GUEST_IMAGES")
	require.NotEmpty(t, images, "run: make test-guests")
	for _, suite := range []string{"bookworm", "trixie"} {
		for _, test := range cases {
			t.Run(suite+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				config, wanted := ours(), network()
				written := wanted
				if test.quirk {
					var err error
					config, written, err = cloudinit.ApplyQuirks(config, wanted, "suse-static-routes")
					require.NoError(t, err)
					written = withoutRoutes(written)
				}
				userData, err := cloudinit.RenderUserData(config, []byte(test.header+bootstrap))
				require.NoError(t, err)
				networkData, err := cloudinit.RenderNetworkData(written, test.version)
				require.NoError(t, err)
				assert.Equal(t, test.quirk, strings.HasPrefix(string(userData), "MIME-Version"), "merged, or an archive")
				began := time.Now()
				got := boot(t, filepath.Join(images, suite), seed(t, userData, networkData))
				t.Logf("%s booted and powered off in %s", got.Release, time.Since(began).Round(time.Second))
				holds(t, got)
			})
		}
	}
}

// holds compares the guest with what was meant.
func holds(t *testing.T, got report) {
	t.Helper()
	assert.Equal(t, hostname, got.Hostname)
	assert.Equal(t, theirsMark, got.Theirs)
	assert.Equal(t, ourMarker, got.Ours)
	assert.Contains(t, got.Keys, ourKey)
	assert.Contains(t, got.Keys, theirKey)
	assert.Equal(t, "/bin/sh", got.Shell, "the bootstrap data's value stays")
	assert.Contains(t, got.Status, "status: done")
	assert.Contains(t, got.DNS, "172.16.0.53")
	assert.Contains(t, got.DNS, "example.org")
	found := map[string][]string{}
	for _, nic := range got.Addresses {
		name := nic.Ifname + " " + nic.Address
		for _, info := range nic.AddrInfo {
			found[name] = append(found[name], info.Local)
		}
		if nic.Ifname == "eth0" {
			assert.Equal(t, 1450, nic.MTU)
		}
	}
	assert.Subset(t, found["eth0 52:54:00:00:00:01"], []string{"172.16.3.40", "2001:db8::40"}, "%v", found)
	assert.Subset(t, found["storage0 52:54:00:00:00:02"], []string{"10.20.0.7"}, "%v", found)
	routes := without(flat(append(got.Routes, got.Routes6...)), "default", "2001:db8:9::/48")
	for _, wanted := range []route{
		{Dst: "default", Gateway: "172.16.0.1", Dev: "eth0"},
		{Dst: "default", Gateway: "2001:db8::1", Dev: "eth0"},
		{Dst: "10.8.0.0/13", Gateway: "172.16.0.2", Dev: "eth0", Metric: 50},
		{Dst: "2001:db8:9::/48", Gateway: "2001:db8::2", Dev: "eth0"},
	} {
		assert.Contains(t, routes, wanted)
	}
}

// without takes the metric away where none was asked for: the kernel and networkd each choose one.
func without(routes []route, destinations ...string) []route {
	var all []route
	for _, each := range routes {
		if slices.Contains(destinations, each.Dst) {
			each.Metric = 0
		}
		all = append(all, each)
	}
	return all
}

// boot runs a guest until it powers off. Its disk stays as it was. A plain processor is emulated fastest; KVM is not used,
// since a machine may offer it and then not run it.
func boot(t *testing.T, image, seed string) report {
	t.Helper()
	dir := t.TempDir()
	console, said := filepath.Join(dir, "console"), filepath.Join(dir, "report")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-cpu", "qemu64", "-m", "768",
		"-display", "none", "-no-reboot", "-snapshot",
		"-kernel", filepath.Join(image, "kernel"), "-initrd", filepath.Join(image, "initrd"),
		"-append", "root=/dev/vda rw console=ttyS0",
		"-drive", "file="+filepath.Join(image, "root.ext4")+",if=virtio,format=raw",
		"-drive", "file="+seed+",if=virtio,format=raw,readonly=on",
		"-netdev", "user,id=n1,restrict=on,net=172.16.0.0/16", "-device", "virtio-net-pci,netdev=n1,mac=52:54:00:00:00:01",
		"-netdev", "user,id=n2,restrict=on,net=10.20.0.0/24", "-device", "virtio-net-pci,netdev=n2,mac=52:54:00:00:00:02",
		"-serial", "file:"+console, "-serial", "file:"+said,
	).CombinedOutput()
	require.NoError(t, err, "qemu: %s\nconsole:\n%s", output, tail(t, console))
	text, err := os.ReadFile(said)
	require.NoError(t, err)
	_, after, begun := strings.Cut(strings.ReplaceAll(string(text), "\r", ""), "REPORT-BEGIN\n")
	body, _, ended := strings.Cut(after, "REPORT-END")
	require.True(t, begun && ended, "no report, but %q\nconsole:\n%s", text, tail(t, console))
	var got report
	require.NoError(t, json.Unmarshal([]byte(body), &got), "%s", body)
	return got
}

func tail(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	const enough = 4000
	return string(text[max(0, len(text)-enough):])
}
