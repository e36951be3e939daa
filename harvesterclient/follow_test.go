package harvesterclient

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// accepts notes by which form the answers to watches on Secrets were asked for.
type accepts struct {
	mu   sync.Mutex
	seen []string
}

func (a *accepts) fault(_ http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, r.Header.Get("Accept"))

	return false
}

func (a *accepts) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()

	return append([]string(nil), a.seen...)
}

// followRig is a connection through a proxy, and something to follow.
func followRig(t *testing.T) (*apiServer, *faultProxy, *Connection, *corev1.Secret) {
	t.Helper()
	server := serverFor(t)
	namespace := server.namespace(t)
	proxy := newFaultProxy(t, server)
	connection, err := newTestConnections(t).Get(t.Context(), identity("a"), proxy.kubeconfig(t, server.account(t, namespace, "a").token))
	require.NoError(t, err)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "token"}}
	require.NoError(t, connection.Client().Create(t.Context(), secret))

	return server, proxy, connection, secret
}

func touch(t *testing.T, server *apiServer, object client.Object) {
	t.Helper()
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"touched":"yes"}},"data":{"token":"aGlkZGVu"}}`))
	require.NoError(t, server.admin.Patch(t.Context(), object.DeepCopyObject().(client.Object), patch)) //nolint:forcetypeassert // it is one
}

func TestFollowTellsTheNextChangeOnce(t *testing.T) {
	t.Parallel()
	server, proxy, connection, secret := followRig(t)
	asked := &accepts{}
	proxy.set(only("/secrets?", asked.fault))
	var told atomic.Int32
	follow := Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: func() { told.Add(1) }}
	require.NoError(t, connection.Follow(t.Context(), follow))
	require.NoError(t, connection.Follow(t.Context(), follow), "again, by the same caller")
	assert.Len(t, asked.all(), 1, "which costs no request")
	assert.Equal(t, 6, proxy.watches())
	assert.Zero(t, told.Load())

	touch(t, server, secret)
	eventually(t, "the change is told", func() bool { return told.Load() == 1 })
	eventually(t, "the watch ends with it", func() bool { return proxy.watches() == 5 })
	touch(t, server, secret)
	assert.EqualValues(t, 1, told.Load())
	for _, form := range asked.all() {
		assert.Contains(t, form, "as=PartialObjectMetadata", "the content is not sent")
	}

	require.NoError(t, connection.Follow(t.Context(), follow), "from the version that was read at first")
	eventually(t, "what happened since is not missed", func() bool { return told.Load() == 2 })
}

func TestFollowUntilItIsGone(t *testing.T) {
	t.Parallel()
	server, proxy, connection, secret := followRig(t)
	var first, second, changed atomic.Bool
	require.NoError(t, connection.Follow(t.Context(), Follow{Object: secret, Until: UntilGone, By: "m-1", Notify: func() { first.Store(true) }}))
	require.NoError(t, connection.Follow(t.Context(), Follow{Object: secret, Until: UntilGone, By: "m-2", Notify: func() { second.Store(true) }}))
	assert.Equal(t, 7, proxy.watches(), "each caller is told")
	require.NoError(t, connection.Follow(t.Context(), Follow{Object: secret, Until: UntilChanged, By: "m-3", Notify: func() { changed.Store(true) }}))
	touch(t, server, secret)
	eventually(t, "the change is told to whom it matters", func() bool { return changed.Load() && proxy.watches() == 7 })
	assert.False(t, first.Load() || second.Load(), "a change is not the end")
	require.NoError(t, server.admin.Delete(t.Context(), secret))
	eventually(t, "its end is told to both", func() bool { return first.Load() && second.Load() })
}

func TestWhatEndsAFollow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		until  Until
		events []watch.EventType
		want   bool
	}{
		"a change":                        {UntilChanged, []watch.EventType{watch.Modified}, true},
		"it was there already":            {UntilChanged, []watch.EventType{watch.Added}, true},
		"its end is a change too":         {UntilChanged, []watch.EventType{watch.Deleted}, true},
		"a bookmark is none":              {UntilChanged, []watch.EventType{watch.Bookmark}, false},
		"an end after changes":            {UntilGone, []watch.EventType{watch.Added, watch.Modified, watch.Bookmark, watch.Deleted}, true},
		"changes are not the end":         {UntilGone, []watch.EventType{watch.Added, watch.Modified, watch.Bookmark}, false},
		"nothing is known after an error": {UntilGone, []watch.EventType{watch.Error, watch.Deleted}, false},
		"nothing happened":                {UntilChanged, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := watch.NewRaceFreeFake()
			for _, event := range test.events {
				stream.Action(event, &corev1.Secret{})
			}
			stream.Stop()
			assert.Equal(t, test.want, awaitEvent(stream, test.until))
		})
	}
}

func TestFollowThatIsRefusedOrCut(t *testing.T) {
	t.Parallel()
	server, proxy, connection, secret := followRig(t)
	told := func() { t.Error("no one is to be notified") }
	for name, test := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request) bool
		kind  error
	}{
		"refused": {answer(http.StatusForbidden), ErrUnauthorized},
		"away":    {answer(http.StatusServiceUnavailable), ErrTransient},
	} {
		proxy.set(only("/secrets?", test.fault))
		err := connection.Follow(t.Context(), Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: told})
		assertOnlyKind(t, test.kind, err)
		require.ErrorContains(t, err, secret.Namespace+"/token", name)
	}
	proxy.up()
	given, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, connection.Follow(given, Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: told}))

	// The context of the call bounds its opening, not the watch.
	given, cancel = context.WithCancel(t.Context())
	var heard atomic.Bool
	require.NoError(t, connection.Follow(given, Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: func() { heard.Store(true) }}))
	cancel()
	touch(t, server, secret)
	eventually(t, "the change is told", heard.Load)

	limited := server.account(t, secret.Namespace, "limited", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}})
	other, err := newTestConnections(t).Get(t.Context(), identity("limited"), limited.direct(t))
	require.NoError(t, err)
	assertOnlyKind(t, ErrUnauthorized, other.Follow(t.Context(), Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: told}))
}

func TestFollowEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	proxy := newFaultProxy(t, server)
	connections := newTestConnections(t)
	connection, err := connections.Get(t.Context(), identity("a"), proxy.kubeconfig(t, server.account(t, namespace, "a").token))
	require.NoError(t, err)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "token"}}
	require.NoError(t, connection.Client().Create(t.Context(), secret))
	follow := Follow{Object: secret, Until: UntilChanged, By: "m-1", Notify: func() { t.Error("no one is to be notified") }}
	require.NoError(t, connection.Follow(t.Context(), follow))
	connections.Close(identity("a"))
	eventually(t, "all watches end", func() bool { return proxy.watches() == 0 })
	eventually(t, "nothing is followed any more", func() bool {
		follow.By = "m-2"
		return connection.Follow(t.Context(), follow) != nil
	})
}

// Claims are kept as bare metadata, and their going is an event.
func TestClaimsAreCachedAsMetadata(t *testing.T) {
	t.Parallel()
	server := serverFor(t)
	namespace := server.namespace(t)
	connections := newTestConnections(t)
	events := record(t, connections.Source(&corev1.PersistentVolumeClaim{}, toSelf).Start, nil)
	connection, err := connections.Get(t.Context(), identity("a"), server.account(t, namespace, "a").direct(t))
	require.NoError(t, err)
	claim := (&Disk{PVCName: "mine", Size: resource.MustParse("1Gi"), ImageID: "default/image"}).claim(ours)
	claim.Namespace = namespace
	foreign := (&Disk{PVCName: "theirs", Size: resource.MustParse("1Gi")}).claim(nil)
	foreign.Namespace = namespace
	require.NoError(t, connection.Client().Create(t.Context(), &foreign)) // first, so that it has had its turn when ours is there
	require.NoError(t, connection.Client().Create(t.Context(), &claim))

	cached := &corev1.PersistentVolumeClaim{}
	eventually(t, "it is cached", func() bool {
		return connection.Cache().Get(t.Context(), client.ObjectKeyFromObject(&claim), cached) == nil
	})
	assert.Equal(t, claim.UID, cached.UID)
	assert.Equal(t, ours, cached.Labels)
	assert.Empty(t, cached.Annotations)
	assert.Empty(t, cached.Spec)
	assert.Empty(t, cached.Status)
	assertOnlyKind(t, ErrNotFound, connection.Cache().Get(t.Context(), client.ObjectKeyFromObject(&foreign), cached))
	assertOnlyKind(t, ErrInvalid, connection.Client().Update(t.Context(), claim.DeepCopy()))

	seen := events.count(client.ObjectKeyFromObject(&claim))
	require.NoError(t, server.admin.Patch(t.Context(), claim.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))
	require.NoError(t, server.admin.Delete(t.Context(), &claim))
	eventually(t, "its going is delivered", func() bool {
		return connection.Cache().Get(t.Context(), client.ObjectKeyFromObject(&claim), cached) != nil && events.count(client.ObjectKeyFromObject(&claim)) > seen
	})
}
