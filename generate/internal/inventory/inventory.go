// Package inventory lists what a Harvester has to choose from: images, key pairs, networks and address pools.
package inventory

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// Item is something to choose.
type Item struct {
	// Name is what a flag takes: namespace/name, or name for what has no namespace.
	Name string
	// Alias is another name that means the same; empty for none.
	Alias string
	// Note says more about it, for people.
	Note string
}

// Pool is an address pool.
type Pool struct {
	Item
	// Free is how many addresses Harvester counts as available.
	Free int64
	// Gateway and Mask are those of the pool's first range; empty where it has none.
	Gateway, Mask string
	// Network is the VM network that the pool is for; empty for any.
	Network string
}

// Inventory is what a Harvester had when it was read. A nil list could not be read: the account may not list that kind.
type Inventory struct {
	Version                    string
	Images, KeyPairs, Networks []Item
	Pools                      []Pool
}

// Read lists everything, by name. It fails if there is no Harvester that answers; errors are those of
// harvesterclient.Classify.
func Read(ctx context.Context, c client.Reader) (*Inventory, error) {
	version, err := harvesterclient.ReadServerVersion(ctx, c)
	if err != nil {
		return nil, harvesterclient.Classify(err)
	}
	return &Inventory{
		Version: version.String(),
		Images:  images(ctx, c), KeyPairs: keyPairs(ctx, c), Networks: networks(ctx, c), Pools: pools(ctx, c),
	}, nil
}

func images(ctx context.Context, c client.Reader) []Item {
	var list hciv1.VirtualMachineImageList
	if c.List(ctx, &list) != nil {
		return nil
	}
	items := make([]Item, 0, len(list.Items))
	for _, image := range list.Items {
		item := Item{Name: image.Namespace + "/" + image.Name, Note: sizeOf(image.Status.VirtualSize)}
		if image.Spec.DisplayName != "" {
			item.Name, item.Alias = image.Namespace+"/"+image.Spec.DisplayName, item.Name
		}
		if image.Status.Progress < 100 { //nolint:mnd // Percent.
			item.Note = fmt.Sprintf("%d%% imported", image.Status.Progress)
		}
		items = append(items, item)
	}
	return sorted(items)
}

func keyPairs(ctx context.Context, c client.Reader) []Item {
	var list hciv1.KeyPairList
	if c.List(ctx, &list) != nil {
		return nil
	}
	items := make([]Item, 0, len(list.Items))
	for _, pair := range list.Items {
		items = append(items, Item{Name: pair.Namespace + "/" + pair.Name, Note: pair.Status.FingerPrint})
	}
	return sorted(items)
}

func networks(ctx context.Context, c client.Reader) []Item {
	var list nadv1.NetworkAttachmentDefinitionList
	if c.List(ctx, &list) != nil {
		return nil
	}
	items := make([]Item, 0, len(list.Items))
	for _, network := range list.Items {
		items = append(items, Item{Name: network.Namespace + "/" + network.Name})
	}
	return sorted(items)
}

func pools(ctx context.Context, c client.Reader) []Pool {
	var list lbv1.IPPoolList
	if c.List(ctx, &list) != nil {
		return nil
	}
	found := make([]Pool, 0, len(list.Items))
	for _, object := range list.Items {
		pool := Pool{Free: object.Status.Available, Network: object.Spec.Selector.Network}
		pool.Name = object.Name
		notes := []string{fmt.Sprintf("%d of %d free", object.Status.Available, object.Status.Total)}
		if pool.Network != "" {
			notes = append(notes, "for "+pool.Network)
		}
		for i, r := range object.Spec.Ranges {
			notes = append(notes, r.Subnet)
			if i == 0 {
				pool.Gateway, pool.Mask = r.Gateway, maskOf(r.Subnet)
			}
		}
		pool.Note = strings.Join(notes, ", ")
		found = append(found, pool)
	}
	slices.SortFunc(found, func(a, b Pool) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

func sorted(items []Item) []Item {
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	return items
}

func sizeOf(bytes int64) string {
	const gibi = 1 << 30
	if bytes <= 0 {
		return ""
	}
	return fmt.Sprintf("%d GiB", (bytes+gibi-1)/gibi)
}

// maskOf is the mask of a subnet in CIDR form, as an address; empty if it is none.
func maskOf(subnet string) string {
	prefix, err := netip.ParsePrefix(subnet)
	if err != nil {
		return ""
	}
	return net.IP(net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())).String()
}
