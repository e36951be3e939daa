package harvesterclient

import (
	"context"

	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reservedClasses are storage classes whose use for a disk Harvester's webhook refuses.
var reservedClasses = map[string]bool{"longhorn-static": true, "vmstate-persistence": true}

// ResolveStorageClass checks that disks can be made in a storage class. None gives ErrNotFound, one that Harvester keeps
// for itself ErrInvalid. The empty name stands for the default class and is always right.
func ResolveStorageClass(ctx context.Context, r client.Reader, name string) error {
	switch {
	case name == "":
		return nil
	case reservedClasses[name]:
		return failf(ErrInvalid, "storage class %q is reserved by Harvester: use another", name)
	}
	key := client.ObjectKey{Name: name}
	if err := r.Get(ctx, key, &storagev1.StorageClass{}); err != nil {
		return readError("storage class", key, err)
	}

	return nil
}
