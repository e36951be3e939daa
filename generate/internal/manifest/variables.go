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

// hardware says how machines boot. The default is the class's.
func hardware(s settings.Settings, add func(string, any)) {
	switch s.Firmware {
	case settings.FirmwareEFI:
		add("firmware", map[string]any{"efi": true})
	case settings.FirmwareSecureBoot:
		add("firmware", map[string]any{"efi": true, "secureBoot": true})
	}
	switch s.TPM {
	case settings.TPMEphemeral:
		add("tpm", map[string]any{"enabled": true})
	case settings.TPMPersistent:
		add("tpm", map[string]any{"enabled": true, "persistent": true})
	}
}

// guest says what differs in single network interfaces, and what the operating system needs.
func guest(s settings.Settings, add func(string, any)) {
	interfaces := make([]any, 0, len(s.Interfaces))
	for _, one := range s.NetworkInterfaces() {
		value := map[string]any{"index": int64(one.Index), "addressing": one.Addressing}
		if len(one.Pools) > 0 {
			value["ipPoolRefs"] = list(one.Pools)
		}
		for name, chosen := range map[string]bool{"dhcpRoutes": one.Routes, "dhcpDNS": one.DNS, "optional": one.Optional} {
			if chosen {
				value[name] = true
			}
		}
		interfaces = append(interfaces, value)
	}
	if len(interfaces) > 0 {
		add("networkInterfaces", interfaces)
	}
	value := map[string]any{}
	if s.NetworkDataVersion != "" {
		value["networkDataVersion"] = s.NetworkDataVersion
	}
	if len(s.GuestQuirks) > 0 {
		value["quirks"] = list(s.GuestQuirks)
	}
	if !s.InstallGuestAgent {
		value["installAgent"] = false
	}
	if len(value) > 0 {
		add("guest", value)
	}
}

// images says where machines get images from, and RKE2 itself.
func images(s settings.Settings, add func(string, any)) {
	if s.SystemDefaultRegistry != "" {
		add("systemDefaultRegistry", s.SystemDefaultRegistry)
	}
	if mirrors := s.Mirrors(); len(mirrors) > 0 {
		values := make([]any, 0, len(mirrors))
		for _, mirror := range mirrors {
			values = append(values, map[string]any{"registry": mirror.Registry, "endpoints": list(mirror.Endpoints)})
		}
		add("registryMirrors", values)
	}
	if registry := s.PrivateRegistry(); registry.Host != "" {
		value := map[string]any{"host": registry.Host}
		if registry.CredentialsSecret != "" {
			value["credentialsSecretName"] = registry.CredentialsSecret
		}
		if registry.TLSSecret != "" {
			value["tlsSecretName"] = registry.TLSSecret
		}
		add("privateRegistry", value)
	}
	if s.AirGapped {
		add("airGapped", true)
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
