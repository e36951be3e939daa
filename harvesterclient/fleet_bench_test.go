package harvesterclient

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// plantMachines makes machines as BuildVM renders them, each with the instance that KubeVirt would make, and the claim that
// Harvester would.
func plantMachines(b *testing.B, server *apiServer, namespace string, count int) {
	b.Helper()
	for i := range count {
		name := fmt.Sprintf("machine-%d", i)
		vm, err := BuildVM(VM{
			Namespace: namespace, Name: name, Labels: ours, CPU: 4, Memory: resource.MustParse("8Gi"),
			Disks:           []Disk{{Name: "disk-0", PVCName: name + "-disk-0", Size: resource.MustParse("40Gi"), ImageID: "default/image", StorageClassName: "lh-1"}},
			NICs:            []NIC{{Name: "nic-0", Network: "default/vlan", MACAddress: fmt.Sprintf("02:00:00:00:%02x:%02x", i/256, i%256)}},
			CloudInitSecret: name + "-cloud-init",
		})
		require.NoError(b, err)
		require.NoError(b, server.admin.Create(context.Background(), vm))
		vmi := &kubevirtv1.VirtualMachineInstance{ObjectMeta: *vm.Spec.Template.ObjectMeta.DeepCopy(), Spec: *vm.Spec.Template.Spec.DeepCopy()}
		vmi.Namespace, vmi.Name = namespace, name
		require.NoError(b, server.admin.Create(context.Background(), vmi))
		claim := (&Disk{PVCName: name + "-disk-0", Size: resource.MustParse("40Gi"), ImageID: "default/image", StorageClassName: "lh-1"}).claim(ours)
		claim.Namespace = namespace
		require.NoError(b, server.admin.Create(context.Background(), &claim))
	}
}

// heap is the memory in use after everything unused is gone.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)

	return stats.HeapAlloc
}

// One connection that caches 1,000 machines, their instances and their claims: what they cost in memory.
func BenchmarkMemoryOf1000Machines(b *testing.B) {
	server := serverFor(b)
	namespace := server.namespace(b)
	plantMachines(b, server, namespace, 1000)
	kubeconfig := server.account(b, namespace, "a").direct(b)
	for b.Loop() {
		connections := newTestConnections(b)
		before := heap()
		connection, err := connections.Get(b.Context(), identity("memory"), kubeconfig)
		require.NoError(b, err)
		require.Equal(b, 1000, cachedInstances(b, connection))
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB/1000-machines")
		connections.Close(identity("memory"))
	}
	require.NoError(b, server.admin.DeleteAllOf(b.Context(), &kubevirtv1.VirtualMachine{}, client.InNamespace(namespace)))
	require.NoError(b, server.admin.DeleteAllOf(b.Context(), &kubevirtv1.VirtualMachineInstance{}, client.InNamespace(namespace)))
	removeClaims(b, server, namespace)
}

// removeClaims removes claims past the protection that no one here takes off.
func removeClaims(b *testing.B, server *apiServer, namespace string) {
	b.Helper()
	claims := &corev1.PersistentVolumeClaimList{}
	require.NoError(b, server.admin.List(b.Context(), claims, client.InNamespace(namespace)))
	for i := range claims.Items {
		claims.Items[i].Finalizers = nil
		require.NoError(b, server.admin.Update(b.Context(), &claims.Items[i]))
		require.NoError(b, server.admin.Delete(b.Context(), &claims.Items[i]))
	}
}

// cachedInstances counts them; the list must not outlive the count, or it would be measured too.
func cachedInstances(b *testing.B, connection *Connection) int {
	b.Helper()
	list := &kubevirtv1.VirtualMachineInstanceList{}
	require.NoError(b, connection.Cache().List(b.Context(), list))
	return len(list.Items)
}

// 50 identities of 20 machines each, 1,000 together: requests in a minute in which nothing happens, and requests from the
// moment a Harvester that was away for 5 s is back until everything is watched again.
func BenchmarkFleetOf50Identities(b *testing.B) {
	const identities = 50
	server := serverFor(b)
	namespace := server.namespace(b)
	plantMachines(b, server, namespace, 20)
	proxy := newFaultProxy(b, server)
	kubeconfig := proxy.kubeconfig(b, server.account(b, namespace, "a").token)
	var calls atomic.Int64
	for b.Loop() {
		connections := newTestConnections(b, func(o *Options) {
			o.QPS, o.Burst, o.BackoffInitial, o.BackoffMax = 0, 0, 0, 0 // as shipped
			o.CountCall = func(string, string, string) { calls.Add(1) }
		})
		for i := range identities {
			_, err := connections.Get(b.Context(), identity(fmt.Sprintf("i-%d", i)), kubeconfig)
			require.NoError(b, err)
		}
		eventually(b, "everything is watched", func() bool { return proxy.watches() == 5*identities })
		calls.Store(0)
		time.Sleep(time.Minute)
		b.ReportMetric(float64(calls.Load()), "requests/steady-minute")

		proxy.down()
		time.Sleep(5 * time.Second)
		away := len(proxy.seen())
		proxy.up()
		back := time.Now()
		eventually(b, "everything is watched again", func() bool { return proxy.watches() == 5*identities })
		seen := proxy.seen()
		b.ReportMetric(time.Since(back).Seconds(), "s/reconnect")
		b.ReportMetric(float64(away)/identities, "requests-away/identity")
		b.ReportMetric(float64(len(seen))/identities, "requests-back/identity")
		lists := 0
		for _, request := range seen {
			if !strings.Contains(request, "watch=true") && !strings.HasSuffix(request, "/version") {
				lists++
			}
		}
		b.ReportMetric(float64(lists)/identities, "lists-back/identity")
	}
}
