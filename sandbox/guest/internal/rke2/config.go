package rke2

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ErrConfig marks a configuration that RKE2 would not start with. The message
// names the field, never a value.
var ErrConfig = errors.New("invalid RKE2 configuration")

// Config is what matters to a guest in /etc/rancher/rke2/config.yaml.
type Config struct {
	// Server is the URL to join through, https and with a port; nil on the
	// server that starts a cluster.
	Server *url.URL
	// Token is the shared secret of the cluster.
	Token string
	// TLSSANs are additional names and addresses of the API server.
	TLSSANs []string
	// NodeName overrides the host name, NodeIP the address.
	NodeName, NodeIP string
	// NodeLabels are key=value, NodeTaints key=value:effect.
	NodeLabels, NodeTaints []string
	// CloudProvider is "external" when a cloud controller must initialise nodes.
	CloudProvider string
	// ClusterCIDR and ServiceCIDR are the networks of pods and services.
	ClusterCIDR, ServiceCIDR string
	// KubeletArgs and APIServerArgs are extra flags, key=value.
	KubeletArgs, APIServerArgs []string
}

// ParseConfig reads config.yaml. Errors match ErrConfig.
func ParseConfig(data []byte) (Config, error) {
	var raw map[string]yaml.Node
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return Config{}, fmt.Errorf("%w: %s is not a YAML mapping", ErrConfig, ConfigFile)
	}
	config := Config{
		Token:         scalar(raw["token"]),
		TLSSANs:       scalars(raw["tls-san"]),
		NodeName:      scalar(raw["node-name"]),
		NodeIP:        first(scalars(raw["node-ip"])),
		NodeLabels:    scalars(raw["node-label"]),
		NodeTaints:    scalars(raw["node-taint"]),
		CloudProvider: scalar(raw["cloud-provider-name"]),
		ClusterCIDR:   first(scalars(raw["cluster-cidr"])),
		ServiceCIDR:   first(scalars(raw["service-cidr"])),
		KubeletArgs:   scalars(raw["kubelet-arg"]),
		APIServerArgs: scalars(raw["kube-apiserver-arg"]),
	}
	server := scalar(raw["server"])
	if server == "" {
		return config, nil
	}
	parsed, err := url.Parse(server)
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.Port() == "" {
		return Config{}, fmt.Errorf("%w: server must be https://<host>:<port>", ErrConfig)
	}
	config.Server = parsed
	return config, nil
}

// External reports whether a cloud controller must initialise the nodes, said
// by RKE2's own key or by a flag of the kubelet.
func (c Config) External() bool {
	return c.CloudProvider == "external" || slices.Contains(c.KubeletArgs, "cloud-provider=external") ||
		(c.CloudProvider != "" && c.CloudProvider != "rke2")
}

// Labels are the node labels as a map.
func (c Config) Labels() map[string]string {
	labels := map[string]string{}
	for _, entry := range c.NodeLabels {
		key, value, _ := strings.Cut(entry, "=")
		labels[key] = value
	}
	return labels
}

// scalar is a node's value when it is a scalar.
func scalar(node yaml.Node) string {
	if node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
		return node.Value
	}
	return ""
}

// scalars are a list's values; a scalar counts as a comma-separated list, as
// RKE2's flags do.
func scalars(node yaml.Node) []string {
	if single := scalar(node); single != "" {
		return strings.Split(single, ",")
	}
	var all []string
	for _, item := range node.Content {
		if node.Kind == yaml.SequenceNode {
			if value := scalar(*item); value != "" {
				all = append(all, value)
			}
		}
	}
	return all
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimSpace(values[0])
}
