package harvestercluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cluster-api/util/conditions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/ippool"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/names"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

// ensurePools verifies the pools that VMs take addresses from, and creates the one that is described inline. A pool that
// is missing does not hold up the endpoint; the machines say what they wait for.
func (r *Reconciler) ensurePools(ctx context.Context, s *scope) phase.Outcome {
	config := s.infra.Spec.VMNetworkConfig
	switch {
	case config == nil:
		return phase.Done(infrav1.PoolsNotConfiguredReason, "")
	case len(config.PoolRefs()) == 0 && config.IPPool != nil:
		name := s.identity().VMPool()
		if err := ensurePool(ctx, s, name, config.IPPool, infrav1.PoolCreatedByControllerCondition); err != nil {
			return phase.Fail(err, infrav1.PoolFailedReason).Continue()
		}
		return phase.Done(infrav1.PoolsAvailableReason, "")
	}
	if err := verifyPools(ctx, s, config.PoolRefs()); err != nil {
		return phase.Fail(err, infrav1.PoolFailedReason).Continue()
	}
	return phase.Done(infrav1.PoolsAvailableReason, "")
}

// verifyPools names every pool that cannot be used, and why.
func verifyPools(ctx context.Context, s *scope, pools []string) error {
	var failures []error
	var texts []string
	for _, name := range pools {
		if err := verifyPool(ctx, s.harvester.Cache(), name); err != nil {
			failures = append(failures, err)
			texts = append(texts, err.Error())
		}
	}
	if len(failures) == 0 {
		return nil
	}
	return &poolsError{text: strings.Join(texts, "; "), failures: failures}
}

// poolsError is one line for several pools; errors.Join would use several.
type poolsError struct {
	text     string
	failures []error
}

func (e *poolsError) Error() string   { return e.text }
func (e *poolsError) Unwrap() []error { return e.failures }

func verifyPool(ctx context.Context, reader client.Reader, name string) error {
	pool := &lbv1.IPPool{}
	err := reader.Get(ctx, client.ObjectKey{Name: name}, pool)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: IPPool %q does not exist on Harvester", ipam.ErrPoolNotFound, name)
	}
	if err != nil {
		return fmt.Errorf("read IPPool %q: %w", name, err)
	}
	_, err = ippool.FromTyped(pool)
	return err
}

// ensurePool creates a pool for the cluster, or brings the one it created in line. A pool that v0.2.x created is known
// by the condition that it left, and labelled.
func ensurePool(ctx context.Context, s *scope, name string, wanted *infrav1.IPPool, createdCondition string) error {
	pool := &lbv1.IPPool{}
	err := cachedElseLive(ctx, s, client.ObjectKey{Name: name}, pool)
	if apierrors.IsNotFound(err) {
		pool = &lbv1.IPPool{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: s.labels()},
			Spec: lbv1.IPPoolSpec{
				Description: fmt.Sprintf("Cluster %s/%s", s.infra.Namespace, s.clusterName()),
				Ranges:      []lbv1.Range{rangeOf(wanted)},
				Selector:    lbv1.Selector{Network: qualified(wanted.VMNetwork, s.targetNamespace())},
			},
		}
		return phase.Wrap(createWithoutStatus(ctx, s, pool, ippool.GroupVersionKind), "create IPPool %q", name)
	}
	if err != nil {
		return fmt.Errorf("read IPPool %q: %w", name, err)
	}
	if !s.owns(pool.Labels) && !conditions.IsTrue(s.infra, createdCondition) {
		return fmt.Errorf("%w: IPPool %q exists and was not created for this cluster; delete it or refer to it by name", phase.ErrForeign, name)
	}
	return updatePool(ctx, s, pool, wanted)
}

func updatePool(ctx context.Context, s *scope, pool *lbv1.IPPool, wanted *infrav1.IPPool) error {
	base := write.IfUnchanged(pool)
	network := qualified(wanted.VMNetwork, s.targetNamespace())
	ranges := []lbv1.Range{rangeOf(wanted)}
	if names.Carries(pool.Labels, s.labels()) && slices.Equal(pool.Spec.Ranges, ranges) && pool.Spec.Selector.Network == network {
		return nil
	}
	pool.Labels = names.Merged(pool.Labels, s.labels())
	pool.Spec.Ranges, pool.Spec.Selector.Network = ranges, network
	return phase.Wrap(s.harvester.Client().Patch(ctx, pool, base), "update IPPool %q", pool.Name)
}

func rangeOf(pool *infrav1.IPPool) lbv1.Range {
	return lbv1.Range{Subnet: pool.Subnet, Gateway: pool.Gateway, RangeStart: pool.RangeStart, RangeEnd: pool.RangeEnd}
}

// qualified is the name of a network with its namespace, the only form that Harvester's pools accept.
func qualified(network, namespace string) string {
	if network == "" || strings.Contains(network, "/") {
		return network
	}
	return namespace + "/" + network
}
