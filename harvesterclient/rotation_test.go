package harvesterclient

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func base64String(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func base64Of(p *faultProxy) string {
	return base64String(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}))
}

// mirror follows events as a reconciler does: it looks at the cache when told to, and never otherwise.
type mirror struct {
	connections *Connections
	identity    client.ObjectKey

	mu         sync.Mutex
	kubeconfig []byte
	seen       map[client.ObjectKey]string // resource version, "" when gone
}

func (m *mirror) use(kubeconfig []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kubeconfig = kubeconfig
}

func (m *mirror) look(key client.ObjectKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	connection, err := m.connections.Get(context.Background(), m.identity, m.kubeconfig)
	if err != nil {
		return
	}
	vm := &kubevirtv1.VirtualMachine{}
	if err := connection.Cache().Get(context.Background(), key, vm); client.IgnoreNotFound(err) == nil {
		m.seen[key] = vm.ResourceVersion
	}
}

func (m *mirror) state(key client.ObjectKey) string {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.seen[key]
}

// Machines come, change and go while the identity is rotated again and again. Afterwards, whoever only looked when told to
// knows the last state of every one of them.
func TestRotationUnderLoadLosesNothing(t *testing.T) { //nolint:paralleltest // it counts goroutines
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	before := goleak.IgnoreCurrent()
	t.Run("load", func(t *testing.T) { //nolint:paralleltest // as above
		proxy := newFaultProxy(t, server)
		connections := newTestConnections(t)
		m := &mirror{connections: connections, identity: identity("a"), kubeconfig: proxy.kubeconfig(t, a.token), seen: map[client.ObjectKey]string{}}
		first, err := connections.Get(t.Context(), m.identity, m.kubeconfig)
		require.NoError(t, err)
		record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, m.look)

		type churned struct {
			versions map[client.ObjectKey]string
			err      error
		}
		final := make(chan churned, 1)
		go func() {
			versions, err := churn(server, namespace, 45)
			final <- churned{versions, err}
		}()
		var want map[client.ObjectKey]string
		for rotations := 0; rotations < 6 || want == nil; rotations++ {
			kubeconfig := proxy.kubeconfig(t, a.newToken(t))
			m.use(kubeconfig)
			_, err := connections.Get(t.Context(), m.identity, kubeconfig)
			require.NoError(t, err)
			select {
			case result := <-final:
				require.NoError(t, result.err)
				want = result.versions
			case <-time.After(100 * time.Millisecond):
			}
		}
		require.Len(t, want, 45)
		for key, version := range want {
			eventually(t, fmt.Sprintf("%s: want version %q", key, version), func() bool { return m.state(key) == version })
		}
		assert.Len(t, connections.States(), 1)
		eventually(t, "one connection's watches are left", func() bool { return proxy.watches() == 5 })
		select {
		case <-first.gone():
		default:
			t.Error("the first connection is still open")
		}
	})
	goleak.VerifyNone(t, before)
}

// churn makes a number of machines and leaves each in some state: as created, changed or gone. It returns their resource
// versions.
func churn(server *apiServer, namespace string, count int) (map[client.ObjectKey]string, error) {
	ctx := context.Background()
	final := map[client.ObjectKey]string{}
	for i := range count {
		vm := newVM(namespace, fmt.Sprintf("vm-%d", i), ours)
		if err := server.admin.Create(ctx, vm); err != nil {
			return nil, err
		}
		if i%3 == 1 {
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"a":"b"}}}`))
			if err := server.admin.Patch(ctx, vm, patch); err != nil {
				return nil, err
			}
		}
		final[client.ObjectKeyFromObject(vm)] = vm.ResourceVersion
		if old := i - 5; old >= 0 && old%2 == 0 {
			gone := newVM(namespace, fmt.Sprintf("vm-%d", old), nil)
			if err := server.admin.Delete(ctx, gone); err != nil {
				return nil, err
			}
			final[client.ObjectKeyFromObject(gone)] = ""
		}
	}

	return final, nil
}

// A token that is revoked is told as such, and a new one in the Secret fixes it.
func TestRevokedTokenAndItsSuccessor(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	old, successor := server.account(t, namespace, "old"), server.account(t, namespace, "successor")
	proxy := newFaultProxy(t, server)
	connections := newTestConnections(t)
	events := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, nil)
	connection, err := connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, old.token))
	require.NoError(t, err)
	require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "a", ours)))
	eventually(t, "it works", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "a"}) > 0 })

	old.revoke(t)
	eventually(t, "requests are refused", func() bool {
		return connection.Client().List(t.Context(), &kubevirtv1.VirtualMachineList{}) != nil
	})
	eventually(t, "and so is the identity", func() bool {
		_, err = connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, old.token))
		return err != nil
	})
	assertOnlyKind(t, ErrUnauthorized, err)
	require.ErrorContains(t, err, "wrong, expired or revoked")

	before := events.count(client.ObjectKey{Namespace: namespace, Name: "a"})
	proxy.drop() // the old watches cannot come back: no one sees the two changes
	require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "b", ours)))
	require.NoError(t, server.admin.Delete(t.Context(), newVM(namespace, "a", nil)))
	_, err = connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, successor.token))
	require.NoError(t, err)
	eventually(t, "what came is delivered", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "b"}) > 0 })
	eventually(t, "what went is delivered", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "a"}) > before })
}

// A Secret that is changed for the worse keeps the events of the connection that works, and can be changed back.
func TestRotationToNonsenseAndBack(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	a := server.account(t, namespace, "a")
	connections := newTestConnections(t)
	events := record(t, connections.Source(&kubevirtv1.VirtualMachine{}, toSelf).Start, nil)
	good, err := connections.Get(t.Context(), identity("a"), a.direct(t))
	require.NoError(t, err)

	_, err = connections.Get(t.Context(), identity("a"), []byte("nonsense"))
	assertOnlyKind(t, ErrInvalidKubeconfig, err)
	_, err = connections.Get(t.Context(), identity("a"), kubeconfigOf(t, object{"server": "https://127.0.0.1:1"}, object{"token": "x"}))
	assertOnlyKind(t, ErrTransient, err)
	assert.Equal(t, StateDisconnected, connections.States()[0].State, "the Secret says so now")
	require.NoError(t, server.admin.Create(t.Context(), newVM(namespace, "a", ours)))
	eventually(t, "events go on", func() bool { return events.count(client.ObjectKey{Namespace: namespace, Name: "a"}) > 0 })

	again, err := connections.Get(t.Context(), identity("a"), a.direct(t))
	require.NoError(t, err)
	assert.Same(t, good, again)
	assert.Equal(t, StateConnected, connections.States()[0].State)
}
