package manifest

import (
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// variableList are values of the ClusterClass's variables, in the order in which they were added.
type variableList []any

func (l *variableList) add(name string, value any) {
	*l = append(*l, map[string]any{"name": name, "value": value})
}

// override sets, in a part of the topology, the variables in which the role's machines differ from the others.
func override(part map[string]any, s settings.Settings, role settings.Role) {
	different, machine := s.Overrides(role), s.Machine(role)
	var overrides variableList
	if different.CPU != 0 {
		overrides.add("cpuCount", int64(different.CPU))
	}
	if different.Memory != "" {
		overrides.add("memorySize", different.Memory)
	}
	if len(different.Networks) > 0 {
		overrides.add("vmNetworks", list(different.Networks))
	}
	if different.DiskSize != "" || len(different.ExtraDisks) > 0 {
		overrides.add("volumes", volumes(s, machine))
	}
	if len(overrides) > 0 {
		part["variables"] = map[string]any{"overrides": []any(overrides)}
	}
}

// volumes are the disk that the image fills, from which the machine boots, and the empty ones after it.
func volumes(s settings.Settings, machine settings.Overrides) []any {
	volumes := []any{map[string]any{
		"volumeType": "image", "imageName": s.Image, "volumeSize": machine.DiskSize, "bootOrder": int64(1),
	}}
	for _, disk := range machine.ExtraDisks {
		storageClass, size := settings.SplitDisk(disk)
		volumes = append(volumes, map[string]any{
			"volumeType": "storageClass", "storageClass": storageClass, "volumeSize": size,
		})
	}
	return volumes
}
