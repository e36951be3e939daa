package kubevirt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errNoCloudInit: a Secret was found, but holds neither document.
var errNoCloudInit = errors.New("no cloud-init user-data or network-data found")

// cloudInit is what a machine reads at its start.
type cloudInit struct{ user, network []byte }

// readCloudInit collects the documents that the instance's cloud-init volume names. A Secret that does not exist is a
// NotFound error: the launcher pod would wait for it. A machine without such a volume gets empty documents.
func readCloudInit(ctx context.Context, reader client.Reader, vmi *kubevirtv1.VirtualMachineInstance) (cloudInit, error) {
	for _, volume := range vmi.Spec.Volumes {
		source := volume.CloudInitNoCloud
		if source == nil {
			continue
		}
		user, err := document(ctx, reader, vmi.Namespace, source.UserDataSecretRef, source.UserData, source.UserDataBase64, "userdata", "userData")
		if err != nil {
			return cloudInit{}, err
		}
		network, err := document(ctx, reader, vmi.Namespace, source.NetworkDataSecretRef, source.NetworkData, source.NetworkDataBase64, "networkdata", "networkData")
		if err != nil {
			return cloudInit{}, err
		}
		if user == nil && network == nil {
			return cloudInit{}, fmt.Errorf("volume %s: %w", volume.Name, errNoCloudInit)
		}
		return cloudInit{user: user, network: network}, nil
	}
	return cloudInit{}, nil
}

// document is one document: from a Secret under one of its two usual keys, or inline. A Secret without either key is
// tolerated and yields nothing.
func document(ctx context.Context, reader client.Reader, namespace string, reference *corev1.LocalObjectReference, inline, encoded string, keys ...string) ([]byte, error) {
	switch {
	case reference != nil:
		secret := &corev1.Secret{}
		if err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: reference.Name}, secret); err != nil {
			return nil, err
		}
		for _, key := range keys {
			if data, ok := secret.Data[key]; ok {
				return data, nil
			}
		}
		return nil, nil
	case encoded != "":
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keys[0], err)
		}
		return data, nil
	case inline != "":
		return []byte(inline), nil
	}
	return nil, nil
}
