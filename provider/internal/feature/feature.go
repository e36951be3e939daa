// Package feature names what can be switched on and off with --feature-gates.
package feature

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/component-base/featuregate"
)

const (
	// PoolAudit looks for leaked addresses whenever a pool changes, and tells of them by metric and event.
	PoolAudit featuregate.Feature = "PoolAudit"
	// ServeIPAddressClaims answers Cluster API's IPAddressClaims from Harvester's pools. Switched off, another provider can
	// do so with the same kind of pool; machines can still hold claims themselves.
	ServeIPAddressClaims featuregate.Feature = "ServeIPAddressClaims"
)

// Gates tell which features are on. Safe for concurrent use.
type Gates = featuregate.FeatureGate

// known are all features with their defaults.
func known() map[featuregate.Feature]featuregate.FeatureSpec {
	return map[featuregate.Feature]featuregate.FeatureSpec{
		PoolAudit:            {Default: true, PreRelease: featuregate.Beta},
		ServeIPAddressClaims: {Default: true, PreRelease: featuregate.Beta},
	}
}

// New returns the gates as an operator set them. An unknown feature is an error that names the known ones.
func New(set map[string]bool) (Gates, error) {
	gates := featuregate.NewFeatureGate()
	if err := gates.Add(known()); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	if err := gates.SetFromMap(set); err != nil {
		return nil, fmt.Errorf("--feature-gates: %w; there are: %s", err, Describe())
	}
	return gates, nil
}

// Describe lists the features for a help text.
func Describe() string {
	var names []string
	for name := range known() {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
