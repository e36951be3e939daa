package inventory

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func objects() []client.Object {
	imported := &hciv1.VirtualMachineImage{ObjectMeta: meta("default", "image-1")}
	imported.Spec.DisplayName = "sles15"
	imported.Status.Progress, imported.Status.VirtualSize = 100, 10<<30+1
	importing := &hciv1.VirtualMachineImage{ObjectMeta: meta("default", "image-0")}
	importing.Status.Progress = 40
	pool := &lbv1.IPPool{ObjectMeta: meta("", "prod")}
	pool.Spec.Selector.Network = "default/production"
	pool.Spec.Ranges = []lbv1.Range{{Subnet: "172.16.0.0/16", Gateway: "172.16.0.1"}}
	pool.Status.Total, pool.Status.Available = 20, 6
	v6 := &lbv1.IPPool{ObjectMeta: meta("", "v6")}
	v6.Spec.Ranges = []lbv1.Range{{Subnet: "2001:db8::/64"}, {Subnet: "broken"}}
	return []client.Object{
		&hciv1.Setting{ObjectMeta: meta("", hciv1.SettingServerVersion), Value: "v1.6.0"},
		imported, importing, pool, v6,
		&hciv1.KeyPair{ObjectMeta: meta("default", "key")},
		&nadv1.NetworkAttachmentDefinition{ObjectMeta: meta("vms", "b")},
		&nadv1.NetworkAttachmentDefinition{ObjectMeta: meta("vms", "a")},
	}
}

func TestRead(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(objects()...).Build()
	found, err := Read(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, &Inventory{
		Version: "v1.6.0",
		Images: []Item{
			{Name: "default/image-0", Note: "40% imported"},
			{Name: "default/sles15", Alias: "default/image-1", Note: "11 GiB"},
		},
		KeyPairs: []Item{{Name: "default/key"}},
		Networks: []Item{{Name: "vms/a"}, {Name: "vms/b"}},
		Pools: []Pool{
			{
				Item: Item{Name: "prod", Note: "6 of 20 free, for default/production, 172.16.0.0/16"}, Free: 6,
				Gateway: "172.16.0.1", Mask: "255.255.0.0", Network: "default/production",
			},
			{Item: Item{Name: "v6", Note: "0 of 0 free, 2001:db8::/64, broken"}, Mask: "ffff:ffff:ffff:ffff::"},
		},
	}, found)
}

// An account that may not list a kind still gets the rest.
func TestWhatMayNotBeListedIsLeftOut(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).WithObjects(objects()...).
		WithInterceptorFuncs(interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
				if _, images := list.(*hciv1.VirtualMachineImageList); images {
					return errors.New("forbidden")
				}
				return c.List(ctx, list, options...)
			},
		}).Build()
	found, err := Read(t.Context(), c)
	require.NoError(t, err)
	assert.Nil(t, found.Images)
	assert.NotEmpty(t, found.Pools)
}

func TestNoHarvester(t *testing.T) {
	_, err := Read(t.Context(), fake.NewClientBuilder().WithScheme(harvesterclient.NewScheme()).Build())
	require.ErrorIs(t, err, harvesterclient.ErrNotFound)
}
