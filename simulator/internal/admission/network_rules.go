package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	nadv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/cni/v1"
)

// networkRules are the network webhook's for NetworkAttachmentDefinitions. All refusals are HTTP 500.
type networkRules struct{ live client.Reader }

// networkConfig is the part of a network's CNI configuration that the rules look at.
type networkConfig struct {
	Type   string `json:"type"`
	Bridge string `json:"bridge"`
}

func (r networkRules) create(_ context.Context, _, network *nadv1.NetworkAttachmentDefinition) error {
	config, err := parseNetwork(network)
	if err != nil {
		return err
	}
	carrier, ok := network.Labels[nadv1.LabelClusterNetwork]
	if ok && config.Bridge != "" && strings.TrimSuffix(config.Bridge, "-br") != carrier {
		return fmt.Errorf("network %s/%s: label %s is %s but the bridge is %s", network.Namespace, network.Name, nadv1.LabelClusterNetwork, carrier, config.Bridge)
	}
	return nil
}

func (r networkRules) update(ctx context.Context, old, network *nadv1.NetworkAttachmentDefinition) error {
	if !network.DeletionTimestamp.IsZero() {
		return nil
	}
	before, err := parseNetwork(old)
	if err != nil {
		return err
	}
	after, err := parseNetwork(network)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("network %s/%s: type and bridge can't be changed", network.Namespace, network.Name)
	}
	return r.create(ctx, old, network)
}

// remove refuses while machines, running or not, name the network.
func (r networkRules) remove(ctx context.Context, network *nadv1.NetworkAttachmentDefinition, _ string) error {
	machines := &kubevirtv1.VirtualMachineList{}
	if err := r.live.List(ctx, machines); err != nil {
		return err
	}
	name := network.Namespace + "/" + network.Name
	for i := range machines.Items {
		vm := &machines.Items[i]
		if vm.Spec.Template == nil {
			continue
		}
		for _, used := range vm.Spec.Template.Spec.Networks {
			if used.Multus != nil && used.Multus.NetworkName == name {
				return fmt.Errorf("network %s is still used by VM %s/%s", name, vm.Namespace, vm.Name)
			}
		}
	}
	return nil
}

func parseNetwork(network *nadv1.NetworkAttachmentDefinition) (networkConfig, error) {
	var config networkConfig
	if err := json.Unmarshal([]byte(network.Spec.Config), &config); err != nil {
		return config, fmt.Errorf("network %s/%s: spec.config is not valid JSON: %w", network.Namespace, network.Name, err)
	}
	return config, nil
}
