package harvestermachine

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
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
