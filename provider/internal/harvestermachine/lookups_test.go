package harvestermachine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

func TestLookupsRememberOnlyWhatWasFoundAndOnlyForAMoment(t *testing.T) {
	reads := 0
	live := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).
		WithObjects(&hciv1.KeyPair{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "key"}, Spec: hciv1.KeyPairSpec{PublicKey: "one"}}).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
				reads++
				return c.Get(ctx, key, object, options...)
			},
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
				reads++
				return c.List(ctx, list, options...)
			},
		}).Build()
	now := clocktesting.NewFakePassiveClock(time.Now())
	memory := &memory{}
	reader := &lookupReader{live: live, memory: memory, now: now, identity: "a"}
	key := client.ObjectKey{Namespace: "ns", Name: "key"}
	get := func(reader client.Reader) string {
		found := &hciv1.KeyPair{}
		require.NoError(t, reader.Get(t.Context(), key, found))
		text := found.Spec.PublicKey
		found.Spec.PublicKey = "spoilt"
		return text
	}

	assert.Equal(t, "one", get(reader))
	assert.Equal(t, "one", get(reader), "what the caller does to its copy is its own affair")
	assert.Equal(t, 1, reads)
	assert.Equal(t, "one", get(&lookupReader{live: live, memory: memory, now: now, identity: "b"}))
	assert.Equal(t, 2, reads, "another Harvester is asked for itself")

	now.SetTime(now.Now().Add(lookupTTL))
	get(reader)
	assert.Equal(t, 3, reads)
	assert.Len(t, memory.entries, 1, "what has expired is forgotten")

	missing := client.ObjectKey{Namespace: "ns", Name: "none"}
	for range 2 {
		err := reader.Get(t.Context(), missing, &hciv1.KeyPair{})
		require.Error(t, err)
		require.NoError(t, client.IgnoreNotFound(err))
	}
	assert.Equal(t, 5, reads, "what is missing is asked for anew")

	for range 2 {
		list := &hciv1.KeyPairList{}
		require.NoError(t, reader.List(t.Context(), list, client.InNamespace("ns")))
		assert.Len(t, list.Items, 1)
	}
	assert.Equal(t, 6, reads)
}

func TestAFailureDomainIsLookedUpWhereTheIdentityMay(t *testing.T) {
	host := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "h", Labels: map[string]string{corev1.LabelTopologyZone: "a"}}}
	hosts := func(failure error) client.Reader {
		return fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(host).WithInterceptorFuncs(interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
				if failure != nil {
					return failure
				}
				return c.List(ctx, list, options...)
			},
		}).Build()
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "", nil)

	require.NoError(t, requireFailureDomain(t.Context(), hosts(errors.New("not to be asked")), ""))
	require.NoError(t, requireFailureDomain(t.Context(), hosts(nil), "a"))
	require.NoError(t, requireFailureDomain(t.Context(), hosts(forbidden), "b"), "Harvester's scheduler says it then")
	require.Error(t, requireFailureDomain(t.Context(), hosts(errors.New("broken")), "a"))

	outcome := phase.Fail(requireFailureDomain(t.Context(), hosts(nil), "b"), infrav1.VMFailedReason)
	assert.Equal(t, infrav1.FailureDomainNotFoundReason, outcome.Reason)
}
