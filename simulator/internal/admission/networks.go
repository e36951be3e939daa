package admission

import (
	"context"
	"fmt"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
)

// networkKey resolves a network's name. A single word is looked up in the namespace given: the mutator passes the VM's,
// the validator "default", as upstream does.
func networkKey(name, namespace string) (client.ObjectKey, error) {
	words := strings.Split(name, "/")
	switch len(words) {
	case 1:
		return client.ObjectKey{Namespace: namespace, Name: words[0]}, nil
	case 2:
		return client.ObjectKey{Namespace: words[0], Name: words[1]}, nil
	}
	return client.ObjectKey{}, fmt.Errorf("invalid network name %s", name)
}

// clusterNetworks returns the cluster network of each of a VM's Multus networks, by the network's name in the VM, and
// in order. A network that does not exist is an error; one without the label has no cluster network.
func clusterNetworks(ctx context.Context, reader client.Reader, vm *kubevirtv1.VirtualMachine, namespace string) (byName map[string]string, inOrder []string, err error) {
	byName = map[string]string{}
	for _, network := range vm.Spec.Template.Spec.Networks {
		if network.Multus == nil || network.Multus.NetworkName == "" {
			continue
		}
		key, err := networkKey(network.Multus.NetworkName, namespace)
		if err != nil {
			return nil, nil, err
		}
		definition := &nadv1.NetworkAttachmentDefinition{}
		if err := reader.Get(ctx, key, definition); err != nil {
			return nil, nil, err
		}
		if name, ok := definition.Labels[nadv1.LabelClusterNetwork]; ok {
			byName[network.Name] = name
			inOrder = append(inOrder, name)
		}
	}
	return byName, inOrder, nil
}
