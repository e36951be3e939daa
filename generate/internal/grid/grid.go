// Package grid holds settings that between them use every answer, for the tests of what is made of settings.
package grid

import (
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Guide is the operations guide's example, completed.
func Guide() settings.Settings {
	s := settings.Defaults()
	s.Name, s.Namespace, s.Image = "production-cluster", "prod-ns", "default/sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2"
	s.SSHKeyPair, s.Networks = "default/capi-ssh-key", []string{"default/production"}
	s.IPPool, s.Gateway, s.SubnetMask, s.DNS = "prod-ip-pool", "172.16.0.1", "255.255.0.0", []string{"172.16.0.1"}
	s.HarvesterKubeconfig = "harvester.yaml"
	return s.Complete()
}

// changes make one case each out of the guide's example.
var changes = map[string]func(*settings.Settings){
	"guide": func(*settings.Settings) {},
	"pools": func(s *settings.Settings) { s.IPPool, s.IPPoolRefs = "", []string{"pool-a", "pool-b", "pool-c"} },
	"dhcp":  func(s *settings.Settings) { s.IPPool, s.Gateway, s.SubnetMask, s.DNS = "", "", "", nil },
	"all": func(s *settings.Settings) {
		s.Networks, s.LoadBalancerIPAM, s.LoadBalancerPool = []string{"vms/one", "vms/two"}, settings.IPAMPool, "vips"
		s.CNI, s.RancherAutoImport, s.TargetNamespace, s.SSHUser = settings.CNICilium, true, "tenant", "sles"
		s.PodCIDR, s.ServiceCIDR, s.KubernetesVersion = "10.100.0.0/16", "10.101.0.0/16", "v1.32.2+rke2r2"
	},
	"canal":    func(s *settings.Settings) { s.CNI = settings.CNICanal },
	"no-cni":   func(s *settings.Settings) { s.CNI = settings.CNINone },
	"lb-pool":  func(s *settings.Settings) { s.LoadBalancerIPAM = settings.IPAMPool },
	"one-node": func(s *settings.Settings) { s.ControlPlaneReplicas, s.WorkerReplicas = 1, 0 },
	"hardened": func(s *settings.Settings) { s.CISProfile, s.FIPS = "cis", true },
	"class": func(s *settings.Settings) {
		s.ClassNamespace, s.Labels = "classes", []string{"team=blue", "example.com/tier=1"}
	},
	"disks": func(s *settings.Settings) { s.ExtraDisks = []string{"harvester-longhorn:100Gi", "fast:20Gi"} },
	"domains": func(s *settings.Settings) {
		s.WorkerReplicas, s.FailureDomains = 5, []string{"zone-a", "zone-b", "zone-c"}
	},
	"unhealthy": func(s *settings.Settings) {
		s.MaxUnhealthy, s.NodeStartupTimeout, s.UnhealthyTimeout = "1", "30m", "10m"
	},
	"ipv6": func(s *settings.Settings) {
		s.Gateway, s.SubnetMask, s.DNS = "2001:db8::1", "ffff:ffff:ffff:ffff::", []string{"2001:db8::53"}
		s.PodCIDR, s.ServiceCIDR = "2001:db8:42::/56", "2001:db8:43::/112"
	},
	"firmware": func(s *settings.Settings) { s.Firmware, s.TPM = settings.FirmwareSecureBoot, settings.TPMPersistent },
	"efi":      func(s *settings.Settings) { s.Firmware, s.TPM = settings.FirmwareEFI, settings.TPMEphemeral },
	"interfaces": func(s *settings.Settings) {
		s.Networks = []string{"vms/one", "vms/storage", "vms/backup", "vms/mirror"}
		s.Interfaces = []string{"3:none", "1:dhcp:dns:optional", "2:pool=backup-a:pool=backup-b"}
	},
	"guest": func(s *settings.Settings) {
		s.NetworkDataVersion, s.GuestQuirks, s.InstallGuestAgent = "v2", []string{"suse-static-routes", "suse-dhcp-by-mac"}, false
	},
	"air-gapped": func(s *settings.Settings) {
		s.SystemDefaultRegistry, s.AirGapped, s.ChartRepository = "registry.example:5000", true, "oci://registry.example:5000/charts"
		s.RegistryMirrors = []string{"docker.io=https://registry.example:5000", "*=https://registry.example:5000", "docker.io=https://other.example"}
		s.RegistrySecret, s.RegistryTLSSecret = "registry.example:5000=registry-login", "registry.example:5000=registry-ca"
	},
	"bgp":        func(s *settings.Settings) { s.CNIEncapsulation, s.CNIMTU = settings.EncapsulationIPIP, 1450 },
	"canal-mtu":  func(s *settings.Settings) { s.CNI, s.CNIMTU = settings.CNICanal, 1450 },
	"cilium-mtu": func(s *settings.Settings) { s.CNI, s.CNIMTU = settings.CNICilium, 8950 },
	"v1beta2": func(s *settings.Settings) {
		s.ClusterAPIVersion, s.ClassNamespace, s.NodeStartupTimeout = settings.V1Beta2, "classes", "30m"
	},
	"dual-stack": func(s *settings.Settings) {
		s.PodCIDR, s.ServiceCIDR = "10.42.0.0/16,2001:db8:42::/56", "10.43.0.0/16,2001:db8:43::/112"
		s.CNIEncapsulation = settings.EncapsulationIPIP
	},
	"fleet": func(s *settings.Settings) {
		s.FleetAddonRepo, s.FleetAddonBranch = "https://git.example/team/addons", "stable"
		s.FleetAddonPaths = []string{"addons/harvester"}
	},
	"own-class": func(s *settings.Settings) { s.Class, s.CNIBGP = "team-rke2", true },
	"field": func(s *settings.Settings) {
		s.IPPoolRefs, s.ExtraDisks = []string{"pool-a", "pool-b"}, []string{"10Gi:longhorn"}
	},
	"roles": func(s *settings.Settings) {
		s.ControlPlane = settings.Overrides{CPU: 8, Memory: "16Gi", DiskSize: "120Gi"}
		s.Workers = settings.Overrides{Networks: []string{"vms/one", "vms/storage"}, ExtraDisks: []string{"harvester-longhorn:1Ti"}}
	},
}

// Cases are complete settings without problems, by name.
func Cases() map[string]settings.Settings {
	cases := make(map[string]settings.Settings, len(changes))
	for name, change := range changes {
		s := Guide()
		change(&s)
		cases[name] = s
	}
	return cases
}
