package manager

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/statuspage"
)

// addStatusPage serves the status page beside the metrics, under the same protection. Until someone looks at it, it costs
// nothing.
func addStatusPage(mgr ctrl.Manager, s *shared, options Options) error {
	source := &statuspage.Source{
		Cached: mgr.GetClient(), Live: mgr.GetAPIReader(), Namespace: options.Namespace, Clock: clock.RealClock{},
		Pools: statuspage.PoolsOf(s.poolsOf),
	}
	for path, handler := range statuspage.NewHandlers(source, clock.RealClock{}) {
		if err := mgr.AddMetricsServerExtraHandler(path, handler); err != nil {
			return fmt.Errorf("serve %s: %w", path, err)
		}
	}
	return nil
}

// poolsOf are the pools that a cluster's identity sees, from the cache of its connection.
func (s *shared) poolsOf(ctx context.Context, cluster *infrav1.HarvesterCluster) ([]statuspage.Pool, error) {
	connection, err := s.identities.Connect(ctx, cluster)
	if err != nil {
		return nil, err
	}
	list := &lbv1.IPPoolList{}
	if err := connection.Cache().List(ctx, list); err != nil {
		return nil, err
	}
	var pools []statuspage.Pool
	for i := range list.Items {
		pools = append(pools, statuspage.Pool{IPPool: list.Items[i]})
	}
	return pools, nil
}

// validateStatusPage refuses to show the page to everyone. A loopback address is for a proxy in front, which authenticates,
// or for one machine.
func (o Options) validateStatusPage() []error {
	switch {
	case !o.StatusPage:
		return nil
	case o.MetricsAddress == "0":
		return []error{fmt.Errorf("--status-page: it is served beside the metrics, and --metrics-bind-address is 0: use an address such as :8443")}
	case (o.InsecureDiagnostics || !o.MetricsSecure) && !loopback(o.MetricsAddress):
		return []error{fmt.Errorf("--status-page: anyone could read it at %s: use --metrics-secure without --insecure-diagnostics, or a loopback address in --metrics-bind-address", o.MetricsAddress)}
	}
	return nil
}

// loopback tells whether an address to listen at can be reached from its own machine or Pod only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
