package harvesterclient

import (
	"context"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// vipConfigMap is where Harvester itself looks up its management address when it writes kubeconfigs. The Service
// ingress-expose, which others read, shows 0.0.0.0 for an address from DHCP and is gone in Harvester 1.9.
var vipConfigMap = client.ObjectKey{Namespace: "harvester-system", Name: "vip"}

// ManagementAddress is the virtual address of Harvester's own Kubernetes API (port 6443) and UI (port 443). It may be
// IPv6: join it with a port by net.JoinHostPort or netip.AddrPortFrom. No such ConfigMap gives ErrNotFound, one without an
// address ErrNotReady.
func ManagementAddress(ctx context.Context, r client.Reader) (netip.Addr, error) {
	config := &corev1.ConfigMap{}
	if err := r.Get(ctx, vipConfigMap, config); err != nil {
		return netip.Addr{}, readError("config map", vipConfigMap, err)
	}
	address, err := netip.ParseAddr(config.Data["ip"])
	if err != nil || address.IsUnspecified() {
		return netip.Addr{}, failf(ErrNotReady, "config map %q holds no address under ip yet", vipConfigMap)
	}

	return address, nil
}
