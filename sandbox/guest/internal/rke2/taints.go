package rke2

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Uninitialized is the taint of a node that waits for its cloud controller.
var Uninitialized = corev1.Taint{
	Key: "node.cloudprovider.kubernetes.io/uninitialized", Value: "true", Effect: corev1.TaintEffectNoSchedule,
}

// Taints are those a node registers with. Errors match ErrConfig.
func (c Config) Taints() ([]corev1.Taint, error) {
	var taints []corev1.Taint
	for i, entry := range c.NodeTaints {
		pair, effect, found := strings.Cut(entry, ":")
		key, value, _ := strings.Cut(pair, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%w: node-taint[%d] is not key=value:effect", ErrConfig, i)
		}
		taints = append(taints, corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)})
	}
	if c.External() {
		taints = append(taints, Uninitialized)
	}
	return taints, nil
}
