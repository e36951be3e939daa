package harvesterclient

import (
	"context"
	"encoding/json"
	"net/netip"

	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
)

// Network is a network that virtual machines can attach to.
type Network struct {
	Namespace, Name string
	// CIDR and Gateway are what Harvester knows of the network's layer 3: told by the administrator or learnt by DHCP.
	// They are zero when it knows nothing, as for untagged networks.
	CIDR    netip.Prefix
	Gateway netip.Addr
}

// ID is the form in which a network interface refers to its network.
func (n Network) ID() string { return n.Namespace + "/" + n.Name }

// ResolveNetwork finds a network by "[<namespace>/]<name>". None gives ErrNotFound, one that no host carries
// yet ErrNotReady.
func ResolveNetwork(ctx context.Context, r client.Reader, ref, defaultNamespace string) (Network, error) {
	key, err := splitRef("network", ref, defaultNamespace)
	if err != nil {
		return Network{}, err
	}
	found := &nadv1.NetworkAttachmentDefinition{}
	if err := r.Get(ctx, key, found); err != nil {
		return Network{}, readError("network", key, err)
	}
	switch {
	case found.DeletionTimestamp != nil:
		return Network{}, failf(ErrNotReady, "network %q is being deleted", key)
	case found.Labels[nadv1.LabelReady] == "false":
		return Network{}, failf(ErrNotReady, "network %q is not ready: no host carries its cluster network %q",
			key, found.Labels[nadv1.LabelClusterNetwork])
	}
	network := Network{Namespace: found.Namespace, Name: found.Name}
	network.CIDR, network.Gateway = parseRoute(found.Annotations[nadv1.AnnotationRoute])

	return network, nil
}

// parseRoute reads Harvester's route annotation. What it cannot make sense of is as good as absent: the annotation is
// only ever a help.
func parseRoute(annotation string) (netip.Prefix, netip.Addr) {
	var route struct {
		CIDR    string `json:"cidr"`
		Gateway string `json:"gateway"`
	}
	if json.Unmarshal([]byte(annotation), &route) != nil {
		return netip.Prefix{}, netip.Addr{}
	}
	cidr, err := netip.ParsePrefix(route.CIDR)
	if err != nil {
		return netip.Prefix{}, netip.Addr{}
	}
	gateway, err := netip.ParseAddr(route.Gateway)
	if err != nil || !cidr.Contains(gateway) {
		return cidr.Masked(), netip.Addr{}
	}

	return cidr.Masked(), gateway
}
