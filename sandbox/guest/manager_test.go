package guest_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/guestapi"
)

// plain makes a manager of machines that run no RKE2, and collects its log.
func plain(t *testing.T, change func(*guest.Options)) (*guest.Manager, func() string) {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	options := guest.Options{Dir: t.TempDir(), AssetsDir: "/none", BootDelay: -1, Logf: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, args...))
	}}
	if change != nil {
		change(&options)
	}
	manager, err := guest.NewManager(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, manager.Close(context.Background())) })
	return manager, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(lines, "\n")
	}
}

func machine(userData string) guestapi.VMBoot {
	return guestapi.VMBoot{
		Namespace: "ns", Name: "vm", UID: "u", InstanceUID: "i", UserData: []byte(userData),
		NICs:  []guestapi.NIC{{Name: "nic-0", MAC: "02:00:00:00:00:01"}},
		Lease: func(string) netip.Addr { return netip.MustParseAddr("127.50.200.9") },
	}
}

func TestOptions(t *testing.T) {
	for _, options := range []guest.Options{{}, {Dir: "/dev/null/x", AssetsDir: "a"}, {Dir: t.TempDir()}} {
		_, err := guest.NewManager(options)
		require.ErrorIs(t, err, guest.ErrInvalidOptions)
	}
}

func TestAMachineTakesItsTimeToBoot(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	manager, _ := plain(t, func(o *guest.Options) { o.Clock, o.BootDelay, o.AgentInImage = clock, time.Minute, true })
	booted, err := manager.Boot(t.Context(), machine("#cloud-config\n"))
	require.NoError(t, err)
	require.Eventually(t, clock.HasWaiters, timeout, time.Millisecond)
	clock.Step(59 * time.Second)
	assert.Empty(t, booted.Addresses())
	clock.Step(time.Second)
	require.Eventually(t, func() bool { return len(booted.Addresses()) == 1 }, timeout, time.Millisecond)
	assert.Equal(t, "127.50.200.9", booted.Addresses()[0].IPs[0].String())
}

func TestOnlyAnInstalledAgentReports(t *testing.T) {
	for userData, reports := range map[string]bool{
		"#cloud-config\npackages: [qemu-guest-agent]\n":                    true,
		"#cloud-config\nruncmd: [systemctl start qemu-guest-agent]\n":      true,
		"#cloud-config\npackages: [curl]\n":                                false,
		"not understood, so that the machine boots with what it was given": false,
	} {
		manager, log := plain(t, nil)
		booted, err := manager.Boot(t.Context(), machine(userData))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return strings.Contains(log(), "booted") }, timeout, time.Millisecond)
		assert.Equal(t, reports, len(booted.Addresses()) > 0, userData)
		assert.NotContains(t, log(), "with what it was given", "user-data is never logged")
	}
}

func TestAMachineWaitsForItsLease(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	manager, _ := plain(t, func(o *guest.Options) { o.Clock, o.AgentInImage = clock, true })
	var mu sync.Mutex
	var lease netip.Addr
	boot := machine("")
	boot.Lease = func(string) netip.Addr { mu.Lock(); defer mu.Unlock(); return lease }
	booted, err := manager.Boot(t.Context(), boot)
	require.NoError(t, err)
	require.Eventually(t, clock.HasWaiters, timeout, time.Millisecond)
	assert.Empty(t, booted.Addresses()[0].IPs)
	mu.Lock()
	lease = netip.MustParseAddr("127.50.200.8")
	mu.Unlock()
	require.Eventually(t, func() bool { clock.Step(time.Second); return len(booted.Addresses()[0].IPs) == 1 }, timeout, time.Millisecond)
}

func TestPowerCycles(t *testing.T) {
	manager, _ := plain(t, nil)
	first, err := manager.Boot(t.Context(), machine(""))
	require.NoError(t, err)
	same, err := manager.Boot(t.Context(), machine(""))
	require.NoError(t, err)
	assert.Same(t, first, same)

	again := machine("")
	again.InstanceUID = "j"
	second, err := manager.Boot(t.Context(), again)
	require.NoError(t, err)
	<-first.Done()
	assert.Equal(t, []string{"ns/vm"}, manager.Machines())
	require.NoError(t, second.Stop(t.Context(), true))
	require.NoError(t, second.Stop(t.Context(), false), "it is off already")
	assert.Empty(t, manager.Machines())
}

func TestRefusals(t *testing.T) {
	manager, _ := plain(t, nil)
	for _, uid := range []string{"", "../x", "a/b"} {
		boot := machine("")
		boot.UID = uid
		_, err := manager.Boot(t.Context(), boot)
		require.ErrorIs(t, err, guest.ErrInvalidOptions, uid)
	}
	_, err := manager.Kubeconfig("demo")
	require.ErrorIs(t, err, guest.ErrUnknownCluster)
	require.NoError(t, manager.Close(t.Context()))
	_, err = manager.Boot(t.Context(), machine(""))
	require.ErrorIs(t, err, guest.ErrClosed)
}

func TestABadConfigurationIsSaidAndNotQuoted(t *testing.T) {
	manager, log := plain(t, nil)
	_, err := manager.Boot(t.Context(), machine(`#cloud-config
write_files: [{path: /etc/rancher/rke2/config.yaml, content: "token: hunter2\nserver: http://hunter2\n"}]
runcmd: [systemctl start rke2-agent]
`))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(log(), "invalid RKE2 configuration") }, timeout, time.Millisecond)
	assert.NotContains(t, log(), "hunter2")
}
