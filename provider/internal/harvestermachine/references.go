package harvestermachine

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// references are the objects on Harvester that a machine's spec names, as they were found.
type references struct {
	keyPair harvesterclient.KeyPair
	// networks in the order of the spec.
	networks []harvesterclient.Network
	// images by position in the spec's volumes; volumes of a storage class have none.
	images map[int]harvesterclient.Image
}

// resolveReferences looks up everything the spec names. Nothing is created before all of it is there, so that a
// misspelt image leaves no address and no Secret behind.
func resolveReferences(ctx context.Context, reader client.Reader, spec *infrav1.HarvesterMachineSpec, namespace string) (references, error) {
	found := references{images: map[int]harvesterclient.Image{}}
	for i, volume := range spec.Volumes {
		if volume.VolumeType == infrav1.VolumeTypeStorageClass {
			if err := harvesterclient.ResolveStorageClass(ctx, reader, volume.StorageClass); err != nil {
				return references{}, phase.Because(infrav1.StorageClassNotFoundReason, err)
			}
			continue
		}
		image, err := harvesterclient.ResolveImage(ctx, reader, volume.ImageName, namespace)
		if err != nil {
			return references{}, phase.Because(imageReason(err), err)
		}
		found.images[i] = image
	}
	for _, name := range spec.Networks {
		network, err := harvesterclient.ResolveNetwork(ctx, reader, name, namespace)
		if err != nil {
			return references{}, phase.Because(infrav1.NetworkNotFoundReason, err)
		}
		found.networks = append(found.networks, network)
	}
	keyPair, err := harvesterclient.ResolveKeyPair(ctx, reader, spec.SSHKeyPair, namespace)
	if err != nil {
		return references{}, phase.Because(infrav1.KeyPairNotFoundReason, err)
	}
	found.keyPair = keyPair
	return found, nil
}

func imageReason(err error) string {
	if isAny(err, harvesterclient.ErrNotReady) {
		return infrav1.ImageNotReadyReason
	}
	return infrav1.ImageNotFoundReason
}

// requireFailureDomain refuses a zone in which Harvester has no host: the VM would wait for one without saying so. An
// identity that may not list the hosts leaves the zone to Harvester's scheduler.
func requireFailureDomain(ctx context.Context, reader client.Reader, zone string) error {
	if zone == "" {
		return nil
	}
	err := harvesterclient.ResolveZone(ctx, reader, zone)
	switch {
	case isAny(err, harvesterclient.ErrUnauthorized):
		return nil
	case isAny(err, harvesterclient.ErrNotFound):
		return phase.Because(infrav1.FailureDomainNotFoundReason, err)
	}
	return err
}
