package harvesterclient

import (
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// KeyPair is a public SSH key that Harvester has checked.
type KeyPair struct {
	Namespace, Name string
	// PublicKey is one line in the form of authorized_keys.
	PublicKey string
}

// ResolveKeyPair finds a key pair by "[<namespace>/]<name>". None gives ErrNotFound, one that Harvester has not
// checked yet ErrNotReady, one it refused ErrInvalid.
func ResolveKeyPair(ctx context.Context, r client.Reader, ref, defaultNamespace string) (KeyPair, error) {
	key, err := splitRef("key pair", ref, defaultNamespace)
	if err != nil {
		return KeyPair{}, err
	}
	found := &hciv1.KeyPair{}
	if err := r.Get(ctx, key, found); err != nil {
		return KeyPair{}, readError("key pair", key, err)
	}
	validated := findCondition(found.Status.Conditions, hciv1.KeyPairValidated)
	switch {
	case validated.isFalse():
		return KeyPair{}, failf(ErrInvalid, "key pair %q was refused by Harvester: %s", key, orUnknown(validated.message))
	case !validated.isTrue():
		return KeyPair{}, failf(ErrNotReady, "key pair %q is not validated by Harvester yet", key)
	}

	return KeyPair{Namespace: found.Namespace, Name: found.Name, PublicKey: strings.TrimSpace(found.Spec.PublicKey)}, nil
}
