package admission

import (
	"context"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/sshkey"
)

// checkKeyPair refuses what is no OpenSSH public key.
func checkKeyPair(_ context.Context, _, pair *hciv1.KeyPair) error {
	if pair.Spec.PublicKey == "" {
		return invalid("spec.publicKey", "public key is required")
	}
	if _, _, err := sshkey.Parse(pair.Spec.PublicKey); err != nil {
		return invalid("spec.publicKey", err.Error())
	}
	return nil
}
