package harvesterclient

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// witnessLabel marks a host that only votes in Harvester's own etcd and runs no VM.
const witnessLabel = "node-role.harvesterhci.io/witness"

// Zones are the zones that hosts name with the label topology.kubernetes.io/zone, sorted. A host without a zone is in none
// of them, and neither is a witness, which runs no VM. Pure.
func Zones(hosts []corev1.Node) []string {
	var zones []string
	for _, host := range hosts {
		zone := host.Labels[corev1.LabelTopologyZone]
		if _, witness := host.Labels[witnessLabel]; zone != "" && !witness && !slices.Contains(zones, zone) {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)

	return zones
}

// ResolveZone looks whether a host that runs VMs is in the zone. None gives ErrNotFound with the zones that exist, and
// credentials that may not list the hosts ErrUnauthorized. It takes one request, a list.
func ResolveZone(ctx context.Context, r client.Reader, zone string) error {
	hosts := &corev1.NodeList{}
	if err := r.List(ctx, hosts); err != nil {
		return fmt.Errorf("look up zone %q on Harvester: list its hosts: %w", zone, Classify(err))
	}
	zones := Zones(hosts.Items)
	if slices.Contains(zones, zone) {
		return nil
	}
	if len(zones) == 0 {
		return failf(ErrNotFound, "no host of Harvester is in zone %q, and none has the label %s", zone, corev1.LabelTopologyZone)
	}

	return failf(ErrNotFound, "no host of Harvester is in zone %q, by its label %s; there are %s", zone, corev1.LabelTopologyZone, sortedQuoted(zones))
}
