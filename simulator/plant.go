package simulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/sshkey"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/storage"
)

// seedPollDelay is how often to look whether what was planted has grown.
const seedPollDelay = 50 * time.Millisecond

// Seed creates what the description lists and waits until images are imported, key pairs validated and pools ready.
func (h *Harvester) Seed(ctx context.Context, seed Seed) error {
	objects, err := seed.objects()
	if err != nil {
		return fmt.Errorf("seed Harvester simulator: %w", err)
	}
	for _, object := range objects {
		if err := h.createOnce(ctx, object); err != nil {
			return fmt.Errorf("seed Harvester simulator: create %T %s: %w", object, client.ObjectKeyFromObject(object), err)
		}
	}
	for _, object := range objects {
		if err := h.waitReady(ctx, object); err != nil {
			return fmt.Errorf("seed Harvester simulator: wait for %T %s: %w", object, client.ObjectKeyFromObject(object), err)
		}
	}
	return nil
}

// createOnce creates an object that does not exist. It looks first: admission may refuse a second one before the
// apiserver notices that it exists.
func (h *Harvester) createOnce(ctx context.Context, object client.Object) error {
	current, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T is no API object", object)
	}
	err := h.direct.Get(ctx, client.ObjectKeyFromObject(object), current)
	if !apierrors.IsNotFound(err) {
		return err
	}
	err = h.direct.Create(ctx, object)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// waitReady waits for one planted object.
func (h *Harvester) waitReady(ctx context.Context, object client.Object) error {
	return wait.PollUntilContextCancel(ctx, seedPollDelay, true, func(ctx context.Context) (bool, error) {
		if err := h.direct.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return false, err
		}
		switch typed := object.(type) {
		case *hciv1.VirtualMachineImage:
			if kit.IsTrue(typed.Status.Conditions, hciv1.ImageRetryLimitExceeded) {
				return false, errors.New("its import failed")
			}
			return kit.IsTrue(typed.Status.Conditions, hciv1.ImageImported), nil
		case *hciv1.KeyPair:
			return kit.IsTrue(typed.Status.Conditions, hciv1.KeyPairValidated), nil
		case *lbv1.IPPool:
			return kit.IsTrue(typed.Status.Conditions, lbv1.IPPoolReady), nil
		}
		return true, nil
	})
}

// objects are the seed's, in the order in which they can be created.
func (s Seed) objects() ([]client.Object, error) {
	var list []client.Object
	known := map[string]bool{}
	place := func(namespace string) {
		if !known[namespace] {
			known[namespace] = true
			list = append(list, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
		}
	}
	for _, namespace := range s.Namespaces {
		place(namespace)
	}
	for _, network := range s.Networks {
		place(network.Namespace)
		object, err := network.object()
		if err != nil {
			return nil, err
		}
		list = append(list, object)
	}
	for _, image := range s.Images {
		place(image.Namespace)
		list = append(list, image.object())
	}
	for _, pair := range s.KeyPairs {
		place(pair.Namespace)
		object, err := pair.object()
		if err != nil {
			return nil, err
		}
		list = append(list, object)
	}
	for _, pool := range s.Pools {
		list = append(list, pool.object())
	}
	return list, nil
}

func (i Image) object() *hciv1.VirtualMachineImage {
	return &hciv1.VirtualMachineImage{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: i.Namespace, Name: i.Name,
			Annotations: map[string]string{storage.VirtualSizeAnnotation: strconv.FormatInt(cmp.Or(i.VirtualSize, storage.DefaultVirtualSize), 10)},
		},
		Spec: hciv1.VirtualMachineImageSpec{
			DisplayName: i.DisplayName, Backend: cmp.Or(hciv1.ImageBackend(i.Backend), hciv1.BackendBackingImage),
			SourceType: hciv1.SourceDownload, URL: "https://images.example.com/" + i.DisplayName, Retry: 3,
			StorageClassParameters: map[string]string{},
		},
	}
}

func (k KeyPair) object() (*hciv1.KeyPair, error) {
	public := k.PublicKey
	if public == "" {
		var err error
		if public, err = sshkey.Generate(rand.Reader, k.Name); err != nil {
			return nil, err
		}
	}
	return &hciv1.KeyPair{
		ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name}, Spec: hciv1.KeyPairSpec{PublicKey: public},
	}, nil
}

func (n Network) object() (*nadv1.NetworkAttachmentDefinition, error) {
	carrier, vlan := cmp.Or(n.ClusterNetwork, "production"), cmp.Or(n.VLAN, 100)
	config, err := json.Marshal(map[string]any{
		"cniVersion": "0.3.1", "name": n.Name, "type": "bridge", "bridge": carrier + "-br", "promiscMode": true, "vlan": vlan, "ipam": map[string]any{},
	})
	if err != nil {
		return nil, fmt.Errorf("network %s/%s: %w", n.Namespace, n.Name, err)
	}
	return &nadv1.NetworkAttachmentDefinition{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: n.Namespace, Name: n.Name,
			Labels: map[string]string{
				nadv1.LabelClusterNetwork: carrier, nadv1.LabelType: "L2VlanNetwork", nadv1.LabelVLANID: strconv.Itoa(vlan), nadv1.LabelReady: "true",
			},
		},
		Spec: nadv1.NetworkAttachmentDefinitionSpec{Config: string(config)},
	}, nil
}

func (p Pool) object() *lbv1.IPPool {
	text := func(addr netip.Addr) string {
		if !addr.IsValid() {
			return ""
		}
		return addr.String()
	}
	return &lbv1.IPPool{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name},
		Spec: lbv1.IPPoolSpec{
			Ranges:   []lbv1.Range{{Subnet: p.Subnet.String(), RangeStart: text(p.Start), RangeEnd: text(p.End), Gateway: text(p.Gateway)}},
			Selector: lbv1.Selector{Network: p.Network, Priority: p.Priority},
		},
	}
}
