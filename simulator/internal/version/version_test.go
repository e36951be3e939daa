package version_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/version"
)

func TestParse(t *testing.T) {
	tests := map[string]version.Version{
		"v1.8.0":     {Major: 1, Minor: 8, Raw: "v1.8.0"},
		"1.7.1":      {Major: 1, Minor: 7, Patch: 1, Raw: "1.7.1"},
		"v1.9.0-rc6": {Major: 1, Minor: 9, Raw: "v1.9.0-rc6"},
	}
	for text, want := range tests {
		got, err := version.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, text, got.String())
	}
	for _, text := range []string{"", "dev", "v1.8", "v1.x.0", "v1.-1.0", "v1.2.2", "v0.9.0"} {
		_, err := version.Parse(text)
		require.ErrorIs(t, err, version.ErrUnsupported, text)
	}
}

// Each release has all that the one before it has, and what came with it.
func TestQuirksByRelease(t *testing.T) {
	want := version.Quirks{IngressExpose: true}
	for _, step := range []struct {
		releases []string
		brings   func(*version.Quirks)
	}{
		{[]string{"v1.3.2"}, func(*version.Quirks) {}},
		{[]string{"v1.4.0", "v1.4.4"}, func(q *version.Quirks) {
			q.GuestMemoryOverheadRatio, q.RemovesAnyListedClaim, q.ImmutableIPAM = true, true, true
		}},
		{[]string{"v1.5.0", "v1.5.2"}, func(q *version.Quirks) {
			q.CDIImages, q.UniqueMACs, q.DuplicateAllocationHeals, q.ManualRelease, q.DummyEndpoint = true, true, true, true, true
		}},
		{[]string{"v1.6.0", "v1.6.9"}, func(*version.Quirks) {}},
		{[]string{"v1.7.0", "v1.7.3"}, func(q *version.Quirks) {
			q.MACsInSpec, q.DefaultCPU, q.RefusesEmptyMemory, q.FixesStorageClass = true, true, true, true
			q.LimitsMaxSockets, q.LoosePools = true, true
		}},
		{[]string{"v1.8.0"}, func(q *version.Quirks) {
			q.ImageClassByUID, q.ClusterBalancersNeedVMs, q.ClusterBalancersFollowVMs = true, true, true
		}},
		{[]string{"v1.8.1", "v1.8.2"}, func(q *version.Quirks) { q.ClusterBalancersNeedVMs = false }},
		{[]string{"v1.9.0-rc6", "v1.9.0"}, func(q *version.Quirks) {
			q.MaxSocketsFollowSockets, q.NetworkByGuestCluster, q.IngressExpose = true, true, false
			q.EmptyWorkloadIsVM, q.QualifiedCPUManager = true, true
		}},
	} {
		step.brings(&want)
		for _, release := range step.releases {
			parsed, err := version.Parse(release)
			require.NoError(t, err)
			assert.Equal(t, want, parsed.Quirks(), release)
		}
	}
}

// What harvesterclient tells its users of a release is how the simulator behaves as that release.
func TestQuirksAreThoseOfHarvesterclient(t *testing.T) {
	for _, release := range []string{"v1.3.2", "v1.4.4", "v1.5.0", "v1.6.1", "v1.7.0", "v1.8.0", "v1.8.1", "v1.9.0-rc6"} {
		parsed, err := version.Parse(release)
		require.NoError(t, err)
		quirks, told := parsed.Quirks(), harvesterclient.ParseVersion(release)
		for quirk, has := range map[harvesterclient.Quirk]bool{
			harvesterclient.QuirkGuestMemoryReserve:       !quirks.GuestMemoryOverheadRatio,
			harvesterclient.QuirkListedClaimsRemoved:      quirks.RemovesAnyListedClaim,
			harvesterclient.QuirkLoadBalancerIPAMFixed:    quirks.ImmutableIPAM,
			harvesterclient.QuirkImageBackendCDI:          quirks.CDIImages,
			harvesterclient.QuirkDuplicateMACRefused:      quirks.UniqueMACs,
			harvesterclient.QuirkLoadBalancerHeals:        quirks.DuplicateAllocationHeals,
			harvesterclient.QuirkManualIPRelease:          quirks.ManualRelease,
			harvesterclient.QuirkMACInSpec:                quirks.MACsInSpec,
			harvesterclient.QuirkMemoryRequired:           quirks.RefusesEmptyMemory,
			harvesterclient.QuirkImageClassByUID:          quirks.ImageClassByUID,
			harvesterclient.QuirkClusterLBNeedsVMs:        quirks.ClusterBalancersNeedVMs,
			harvesterclient.QuirkLoadBalancerGoesWithVM:   quirks.ClusterBalancersFollowVMs,
			harvesterclient.QuirkIngressExposeService:     quirks.IngressExpose,
			harvesterclient.QuirkLBNetworkByCreatorPrefix: !quirks.NetworkByGuestCluster,
		} {
			assert.Equal(t, told.Has(quirk), has, "%s: %s", release, quirk)
		}
	}
}
