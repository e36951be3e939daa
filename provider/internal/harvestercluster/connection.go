package harvestercluster

import (
	"context"
	"fmt"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/identity"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// oldestVersion is the oldest Harvester this provider works with.
var oldestVersion = harvesterclient.ParseVersion("v1.3.0")

// connect checks that Harvester can be used with the identity Secret, holds the Secret, and records which Harvester it is and whose the cluster is,
// before anything is made there.
func (r *Reconciler) connect(ctx context.Context, s *scope) phase.Outcome {
	harvester, err := r.Identities.Connect(ctx, s.infra)
	if err != nil {
		return phase.Fail(err, infrav1.HarvesterUnreachableReason)
	}
	version, err := harvester.ServerVersion(ctx)
	if err != nil {
		return phase.Fail(fmt.Errorf("read Harvester's version: %w", err), infrav1.HarvesterUnreachableReason)
	}
	if version.Compare(oldestVersion) < 0 {
		return phase.Until(versionRecheck, infrav1.HarvesterVersionUnsupportedReason,
			fmt.Sprintf("Harvester is %s; %s is the oldest version that works", version, oldestVersion))
	}
	if err := r.Identities.Hold(ctx, r.Client, identity.Key(s.infra)); err != nil {
		return phase.Fail(err, infrav1.HarvesterUnreachableReason)
	}
	if err := r.Identities.Pin(ctx, harvester, s.infra); err != nil {
		return phase.Fail(err, infrav1.HarvesterUnreachableReason)
	}
	s.harvester = harvester
	if err := identify(ctx, s); err != nil {
		return phase.Fail(err, infrav1.HarvesterUnreachableReason)
	}
	return phase.Done(infrav1.ConnectedReason, "Harvester "+version.String())
}
