package harvesterclient

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][3]int{
		"v1.8.0": {1, 8, 0}, "1.8.1": {1, 8, 1}, "v1.9.0-rc2": {1, 9, 0}, "v1.8-head": {1, 8, 0}, "v1.7.1+build": {1, 7, 1},
		"dev": {}, "master-abc-head": {}, "": {}, "v1": {}, "v1.8.0x": {}, "v99999.1.1": {},
	} {
		version := ParseVersion(raw)
		assert.Equal(t, Version{Major: want[0], Minor: want[1], Patch: want[2], Raw: raw}, version)
		assert.Equal(t, want == [3]int{}, version.IsZero(), raw)
	}
	assert.Equal(t, "v1.8.0-rc1", ParseVersion("v1.8.0-rc1").String())
	assert.Equal(t, "v1.8.2", Version{Major: 1, Minor: 8, Patch: 2}.String())
}

func TestVersionCompareIsAnOrder(t *testing.T) {
	t.Parallel()
	draw := rapid.Custom(func(t *rapid.T) Version {
		return Version{Major: rapid.IntRange(0, 2).Draw(t, "major"), Minor: rapid.IntRange(0, 3).Draw(t, "minor"), Patch: rapid.IntRange(0, 3).Draw(t, "patch")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw.Draw(t, "a"), draw.Draw(t, "b"), draw.Draw(t, "c")
		require.Equal(t, a.Compare(b), -b.Compare(a))
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 {
			require.LessOrEqual(t, a.Compare(c), 0)
		}
	})
}

// One row a version: which quirks it has.
func TestQuirksByVersion(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]Quirk{
		"v1.3.2": {QuirkGuestMemoryReserve, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix},
		"v1.4.0": {QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix},
		"v1.4.4": {QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix},
		"v1.5.0": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals,
			QuirkManualIPRelease, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix,
		},
		"v1.6.0": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals,
			QuirkManualIPRelease, QuirkCPUMemoryHotplug, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix,
		},
		"v1.7.0": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals,
			QuirkManualIPRelease, QuirkCPUMemoryHotplug, QuirkMACInSpec, QuirkMemoryRequired, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix,
		},
		"v1.8.0": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals, QuirkManualIPRelease,
			QuirkCPUMemoryHotplug, QuirkMACInSpec, QuirkMemoryRequired, QuirkImageClassByUID, QuirkDeclarativeHotplug, QuirkStorageMigration,
			QuirkClusterLBNeedsVMs, QuirkLoadBalancerGoesWithVM, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix,
		},
		"v1.8.1": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals, QuirkManualIPRelease,
			QuirkCPUMemoryHotplug, QuirkMACInSpec, QuirkMemoryRequired, QuirkImageClassByUID, QuirkDeclarativeHotplug, QuirkStorageMigration,
			QuirkLoadBalancerGoesWithVM, QuirkIngressExposeService, QuirkLBNetworkByCreatorPrefix,
		},
		"v1.9.0-rc4": {
			QuirkListedClaimsRemoved, QuirkLoadBalancerIPAMFixed, QuirkImageBackendCDI, QuirkDuplicateMACRefused, QuirkLoadBalancerHeals, QuirkManualIPRelease,
			QuirkCPUMemoryHotplug, QuirkMACInSpec, QuirkMemoryRequired, QuirkImageClassByUID, QuirkDeclarativeHotplug, QuirkStorageMigration,
			QuirkLoadBalancerGoesWithVM, QuirkDualStackVIP,
		},
	} {
		var has []Quirk
		for _, quirk := range Quirks() {
			if ParseVersion(raw).Has(quirk.Quirk) {
				has = append(has, quirk.Quirk)
			}
		}
		assert.ElementsMatch(t, want, has, raw)
	}
	assert.True(t, ParseVersion("dev").Has(QuirkDualStackVIP), "a build without a number is the newest")
	assert.False(t, ParseVersion("dev").Has(QuirkIngressExposeService))
	assert.False(t, ParseVersion("v1.8.0").Has("Nonsense"))
}

func TestQuirksTable(t *testing.T) {
	t.Parallel()
	seen := map[Quirk]bool{}
	for _, quirk := range Quirks() {
		assert.False(t, seen[quirk.Quirk], "%s is there twice", quirk.Quirk)
		seen[quirk.Quirk] = true
		assert.NotEmpty(t, quirk.Note)
		assert.False(t, quirk.Since.IsZero() && quirk.Until.IsZero(), "%s is no difference between versions", quirk.Quirk)
	}
}

func TestReadServerVersion(t *testing.T) {
	t.Parallel()
	setting := func(value, fallback string) *hciv1.Setting {
		return &hciv1.Setting{ObjectMeta: metav1.ObjectMeta{Name: "server-version"}, Value: value, Default: fallback}
	}
	version, err := ReadServerVersion(t.Context(), readerOf(setting("v1.8.0", "dev")))
	require.NoError(t, err)
	assert.Equal(t, Version{Major: 1, Minor: 8, Raw: "v1.8.0"}, version)

	version, err = ReadServerVersion(t.Context(), readerOf(setting("", "dev")))
	require.NoError(t, err)
	assert.Equal(t, "dev", version.Raw)

	_, err = ReadServerVersion(t.Context(), readerOf(setting("", "")))
	assertOnlyKind(t, ErrNotReady, err)
	_, err = ReadServerVersion(t.Context(), readerOf())
	assertOnlyKind(t, ErrNotFound, err)
}
