package manifest

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// healthCheck has the operations guide's values by default. The selector takes in all machines of the cluster.
func healthCheck(s settings.Settings) *unstructured.Unstructured {
	spec := map[string]any{
		"clusterName": s.Name,
		"selector":    map[string]any{"matchLabels": map[string]any{clusterNameLabel: s.Name}},
	}
	if s.ClusterAPIVersion == settings.V1Beta2 {
		spec["checks"] = map[string]any{
			"nodeStartupTimeoutSeconds": seconds(s.NodeStartupTimeout),
			"unhealthyNodeConditions":   unhealthyConditions("timeoutSeconds", seconds(s.UnhealthyTimeout)),
		}
		spec["remediation"] = map[string]any{
			"triggerIf": map[string]any{"unhealthyLessThanOrEqualTo": numberOrShare(s.MaxUnhealthy)},
		}
	} else {
		spec["maxUnhealthy"] = numberOrShare(s.MaxUnhealthy)
		spec["nodeStartupTimeout"] = s.NodeStartupTimeout
		spec["unhealthyConditions"] = unhealthyConditions("timeout", s.UnhealthyTimeout)
	}
	return with(object(clusterAPI(s), "MachineHealthCheck", healthCheckName(s), s), "spec", spec)
}

func unhealthyConditions(key string, timeout any) []any {
	unhealthy := func(status string) any {
		return map[string]any{"type": "Ready", "status": status, key: timeout}
	}
	return []any{unhealthy("False"), unhealthy("Unknown")}
}

// numberOrShare is a number for "2", which as a string would have to be a percentage.
func numberOrShare(value string) any {
	if number, err := strconv.ParseInt(value, 10, 32); err == nil {
		return number
	}
	return value
}

// seconds rounds a duration, which has no problem, up to whole ones.
func seconds(duration string) int64 {
	parsed, _ := time.ParseDuration(duration)
	return int64((parsed + time.Second - 1) / time.Second)
}

func healthCheckName(s settings.Settings) string { return s.Name + "-mhc" }
