package settings

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func valid() Settings {
	s := Defaults()
	s.Name, s.Image, s.SSHKeyPair = "prod", "default/sles", "default/key"
	s.Networks, s.HarvesterKubeconfig = []string{"vms/production"}, "harvester.yaml"
	s.IPPool, s.Gateway, s.SubnetMask, s.DNS = "pool", "172.16.0.1", "255.255.0.0", []string{"172.16.0.1"}
	return s
}

// The operations guide's flags, to the letter, with the defaults of its example.
func TestGuidesFlags(t *testing.T) {
	s := Defaults()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, field := range Fields(&s) {
		field.Register(flags)
	}
	for name, fallback := range map[string]string{
		"name": "", "namespace": "", "image": "", "ssh-keypair": "", "network": "[]", "gateway": "", "subnet-mask": "",
		"ip-pool": "", "ip-pool-refs": "[]", "dns": "[]", "harvester-kubeconfig": "", "cp-replicas": "3",
		"worker-replicas": "2", "cpu": "4", "memory": "8Gi", "disk-size": "80Gi", "k8s-version": "v1.31.14",
	} {
		flag := flags.Lookup(name)
		require.NotNil(t, flag, name)
		assert.Equal(t, fallback, flag.DefValue, name)
	}
	require.NoError(t, flags.Parse([]string{"--ip-pool-refs", "pool-a,pool-b", "--ip-pool-refs=pool-c", "--cpu", "8"}))
	assert.Equal(t, []string{"pool-a", "pool-b", "pool-c"}, s.IPPoolRefs)
	assert.Equal(t, 8, s.CPU)
}

func TestEveryFieldIsValidated(t *testing.T) {
	s := Defaults()
	validated := make(map[string]bool)
	for _, rule := range rules {
		validated[rule.flag] = true
	}
	for _, field := range Fields(&s) {
		assert.True(t, validated[field.Flag] || field.Kind == Truth, "--%s has no rule", field.Flag)
		delete(validated, field.Flag)
		assert.NotEmpty(t, field.Usage)
	}
	assert.Empty(t, validated, "rules of flags that are not there")
}

func TestComplete(t *testing.T) {
	s := valid().Complete()
	assert.Equal(t, "prod", s.Namespace)
	assert.Equal(t, "vms", s.TargetNamespace)
	assert.Equal(t, "v1.31.14+rke2r1", s.KubernetesVersion)
	assert.Equal(t, s, s.Complete(), "completing twice changes nothing")
	given := valid()
	given.Namespace, given.TargetNamespace, given.KubernetesVersion = "ns", "target", "v1.31.14+rke2r3"
	assert.Equal(t, given, given.Complete(), "what is given stays")
	given.TargetNamespace, given.Networks = "", []string{"unqualified"}
	assert.Equal(t, "default", given.Complete().TargetNamespace)
}

func TestNoProblems(t *testing.T) {
	dhcp := valid()
	dhcp.IPPool, dhcp.Gateway, dhcp.SubnetMask, dhcp.DNS = "", "", "", nil
	several := valid()
	several.IPPool, several.IPPoolRefs = "", []string{"pool-a", "pool-b"}
	v6 := valid()
	v6.Gateway, v6.SubnetMask, v6.DNS = "2001:db8::1", "ffff:ffff:ffff:ffff::", []string{"2001:db8::53"}
	lb := valid()
	lb.LoadBalancerIPAM, lb.LoadBalancerPool = IPAMPool, "vips"
	display := valid()
	display.Image = "default/SLES 15 SP7 (x86_64).qcow2"
	for name, s := range map[string]Settings{
		"one pool": valid(), "DHCP": dhcp, "several pools": several, "IPv6": v6, "load balancer pool": lb, "display name": display,
	} {
		assert.Empty(t, s.Problems(), name)
		assert.Empty(t, s.Complete().Problems(), name)
		assert.Empty(t, s.Warnings(), name)
	}
}

func TestProblems(t *testing.T) {
	tests := map[string]struct {
		change func(*Settings)
		want   string
	}{
		"no name":              {func(s *Settings) { s.Name = "" }, "--name is required: "},
		"name begins wrongly":  {func(s *Settings) { s.Name = "1-prod" }, `--name "1-prod" is not a name`},
		"name in upper case":   {func(s *Settings) { s.Name = "Prod" }, `--name "Prod"`},
		"name too long":        {func(s *Settings) { s.Name = strings.Repeat("a", 51) }, "--name is 51 characters long"},
		"namespace":            {func(s *Settings) { s.Namespace = "a.b" }, `--namespace "a.b"`},
		"no image":             {func(s *Settings) { s.Image = "" }, "--image is required: "},
		"image":                {func(s *Settings) { s.Image = "a/b/c" }, `--image "a/b/c" is not of the form namespace/name`},
		"no key pair":          {func(s *Settings) { s.SSHKeyPair = "" }, "--ssh-keypair is required: "},
		"key pair":             {func(s *Settings) { s.SSHKeyPair = "default/Key Pair" }, "--ssh-keypair"},
		"no network":           {func(s *Settings) { s.Networks = nil }, "--network is required: "},
		"network":              {func(s *Settings) { s.Networks = []string{"a/b", "/b"} }, `--network "/b"`},
		"no kubeconfig":        {func(s *Settings) { s.HarvesterKubeconfig = "" }, "--harvester-kubeconfig is required: "},
		"pool":                 {func(s *Settings) { s.IPPool = "Pool" }, `--ip-pool "Pool"`},
		"pool twice":           {func(s *Settings) { s.IPPool, s.IPPoolRefs = "", []string{"b", "b"} }, `--ip-pool-refs names "b" twice`},
		"no gateway":           {func(s *Settings) { s.Gateway = "" }, "--gateway is required with an address pool"},
		"gateway":              {func(s *Settings) { s.Gateway = "172.16.0" }, `--gateway "172.16.0" is not an IP address`},
		"gateway without pool": {func(s *Settings) { s.IPPool = "" }, "--gateway is read with an address pool only"},
		"no mask":              {func(s *Settings) { s.SubnetMask = "" }, "--subnet-mask is required with an address pool"},
		"mask with holes":      {func(s *Settings) { s.SubnetMask = "255.0.255.0" }, `--subnet-mask "255.0.255.0" is not a network mask`},
		"mask is a prefix":     {func(s *Settings) { s.SubnetMask = "/16" }, "--subnet-mask"},
		"mask of zeros":        {func(s *Settings) { s.SubnetMask = "0.0.0.0" }, "--subnet-mask"},
		"mask of IPv6":         {func(s *Settings) { s.SubnetMask = "ffff::" }, "--subnet-mask and --gateway are of different"},
		"mask without pool":    {func(s *Settings) { s.IPPool = "" }, "--subnet-mask is read with an address pool only"},
		"name server":          {func(s *Settings) { s.DNS = []string{"dns.example"} }, `--dns "dns.example" is not an IP address`},
		"dns without pool":     {func(s *Settings) { s.IPPool = "" }, "--dns is read with an address pool only"},
		"no control plane":     {func(s *Settings) { s.ControlPlaneReplicas = 0 }, "--cp-replicas is 0; give at least 1"},
		"negative workers":     {func(s *Settings) { s.WorkerReplicas = -1 }, "--worker-replicas is -1; give at least 0"},
		"no cores":             {func(s *Settings) { s.CPU = 0 }, "--cpu is 0"},
		"memory":               {func(s *Settings) { s.Memory = "8 GB" }, `--memory "8 GB" is not a size, such as 8Gi`},
		"negative memory":      {func(s *Settings) { s.Memory = "-8Gi" }, "--memory"},
		"disk":                 {func(s *Settings) { s.DiskSize = "" }, "--disk-size"},
		"short version":        {func(s *Settings) { s.KubernetesVersion = "v1.31" }, "--k8s-version"},
		"version of k3s":       {func(s *Settings) { s.KubernetesVersion = "v1.31.14+k3s1" }, "--k8s-version"},
		"target namespace":     {func(s *Settings) { s.TargetNamespace = "A" }, "--target-namespace"},
		"no user":              {func(s *Settings) { s.SSHUser = " " }, "--ssh-user is required"},
		"lb ipam":              {func(s *Settings) { s.LoadBalancerIPAM = "static" }, `--lb-ipam "static" is none of dhcp, pool`},
		"lb pool with dhcp":    {func(s *Settings) { s.LoadBalancerPool = "vips" }, "--lb-ip-pool is read with --lb-ipam pool only"},
		"cni":                  {func(s *Settings) { s.CNI = "flannel" }, `--cni "flannel" is none of`},
		"pods":                 {func(s *Settings) { s.PodCIDR = "10.42.0.1/16" }, "--pod-cidr"},
		"label":                {func(s *Settings) { s.Labels = []string{"team"} }, `--label "team" is not a label of the form key=value`},
		"label twice":          {func(s *Settings) { s.Labels = []string{"a=b", "a=c"} }, `--label sets "a" twice`},
		"own label":            {func(s *Settings) { s.Labels = []string{"cni=none"} }, `--label "cni" cannot be set`},
		"class namespace":      {func(s *Settings) { s.ClassNamespace = "A" }, "--class-namespace"},
		"extra disk":           {func(s *Settings) { s.ExtraDisks = []string{"100Gi"} }, `--extra-disk "100Gi" is not of the form storageclass:size`},
		"failure domain":       {func(s *Settings) { s.FailureDomains = []string{"a", "a"} }, `--failure-domain names "a" twice`},
		"no failure domain":    {func(s *Settings) { s.FailureDomains = []string{""} }, `--failure-domain "" is not a failure domain`},
		"CIS":                  {func(s *Settings) { s.CISProfile = "cis-2" }, `--cis-profile "cis-2" is none of`},
		"firmware":             {func(s *Settings) { s.Firmware = "uefi" }, `--firmware "uefi" is none of bios, efi, secure-boot`},
		"tpm":                  {func(s *Settings) { s.TPM = "yes" }, `--tpm "yes" is none of`},
		"small packets":        {func(s *Settings) { s.CNIMTU = 100 }, "--cni-mtu is 100; give 1280 to 9216"},
		"MTU of nothing":       {func(s *Settings) { s.CNI, s.CNIMTU = CNINone, 1450 }, "--cni-mtu is read with a pod network only"},
		"encapsulation":        {func(s *Settings) { s.CNIEncapsulation = "GRE" }, `--cni-encapsulation "GRE" is none of`},
		"canal's own way":      {func(s *Settings) { s.CNI, s.CNIEncapsulation = CNICanal, EncapsulationIPIP }, "--cni-encapsulation is read with --cni calico only"},
		"values of nothing":    {func(s *Settings) { s.CNI, s.CNIValues = CNINone, "f" }, "--cni-values is read with a pod network only"},
		"default registry":     {func(s *Settings) { s.SystemDefaultRegistry = "https://r" }, `--system-default-registry "https://r" is not a registry`},
		"mirror":               {func(s *Settings) { s.RegistryMirrors = []string{"docker.io"} }, `--registry-mirror "docker.io" is not of the form registry=URL`},
		"mirror with password": {func(s *Settings) { s.RegistryMirrors = []string{"*=https://u:p@r"} }, "--registry-mirror"},
		"mirror twice":         {func(s *Settings) { s.RegistryMirrors = []string{"*=https://r", "*=https://r"} }, "twice"},
		"registry secret":      {func(s *Settings) { s.RegistrySecret = "r" }, `--registry-secret "r" is not of the form registry=secret`},
		"registry certificate": {func(s *Settings) { s.RegistryTLSSecret = "=s" }, "--registry-tls-secret"},
		"two registries":       {func(s *Settings) { s.RegistrySecret, s.RegistryTLSSecret = "a=s", "b=s" }, "--registry-tls-secret is about b, and --registry-secret about a"},
		"chart repository":     {func(s *Settings) { s.ChartRepository = "charts" }, `--chart-repository "charts" is not a chart repository`},
		"API version":          {func(s *Settings) { s.ClusterAPIVersion = "v1" }, `--capi-api-version "v1" is none of v1beta1, v1beta2`},
		"unhealthy":            {func(s *Settings) { s.MaxUnhealthy = "101%" }, `--max-unhealthy "101%" is neither`},
		"startup":              {func(s *Settings) { s.NodeStartupTimeout = "20" }, `--node-startup-timeout "20" is not a duration`},
		"unhealthy for":        {func(s *Settings) { s.UnhealthyTimeout = "-5m" }, "--unhealthy-timeout"},
		"cp cores":             {func(s *Settings) { s.ControlPlane.CPU = -1 }, "--cp-cpu is -1"},
		"cp memory":            {func(s *Settings) { s.ControlPlane.Memory = "8e9" }, `--cp-memory "8e9" is not a size`},
		"cp disk":              {func(s *Settings) { s.ControlPlane.DiskSize = "big" }, "--cp-disk-size"},
		"cp network":           {func(s *Settings) { s.ControlPlane.Networks = []string{"/b"} }, "--cp-network"},
		"cp extra disk":        {func(s *Settings) { s.ControlPlane.ExtraDisks = []string{"a:"} }, "--cp-extra-disk"},
		"worker cores":         {func(s *Settings) { s.Workers.CPU = -1 }, "--worker-cpu is -1"},
		"worker memory":        {func(s *Settings) { s.Workers.Memory = "0" }, "--worker-memory"},
		"worker disk":          {func(s *Settings) { s.Workers.DiskSize = "80 Gi" }, "--worker-disk-size"},
		"worker network":       {func(s *Settings) { s.Workers.Networks = []string{"a/b/c"} }, "--worker-network"},
		"worker extra disk":    {func(s *Settings) { s.Workers.ExtraDisks = []string{":1Gi"} }, "--worker-extra-disk"},
		"services":             {func(s *Settings) { s.ServiceCIDR = "10.43.0.0" }, "--service-cidr"},
		"pods in services":     {func(s *Settings) { s.PodCIDR = "10.43.128.0/17" }, "--service-cidr 10.43.0.0/16 overlaps --pod-cidr"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := valid()
			test.change(&s)
			problems := s.Problems()
			require.NotEmpty(t, problems)
			var texts []string
			for _, problem := range problems {
				texts = append(texts, problem.String())
			}
			assert.Contains(t, strings.Join(texts, "\n"), test.want)
		})
	}
}

func TestEvenControlPlanesAreWarnedAbout(t *testing.T) {
	s := valid()
	s.ControlPlaneReplicas = 2
	assert.Empty(t, s.Problems())
	require.Len(t, s.Warnings(), 1)
	assert.Equal(t, "--cp-replicas 2 is even: etcd then survives no more failures than with 1", s.Warnings()[0].String())
}

func TestWorkersAreSpreadEvenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := valid()
		s.WorkerReplicas = rapid.IntRange(0, 200).Draw(t, "workers")
		s.FailureDomains = rapid.SliceOfDistinct(rapid.StringMatching("[a-z]{1,6}"), rapid.ID[string]).Draw(t, "domains")
		sum, least, most := 0, 201, 0
		names := make(map[string]bool)
		for _, group := range s.WorkerGroups() {
			sum, least, most = sum+group.Replicas, min(least, group.Replicas), max(most, group.Replicas)
			names[group.Name] = true
		}
		if sum != s.WorkerReplicas || most-least > 1 || len(names) != max(1, len(s.FailureDomains)) || !names["md-0"] {
			t.Fatalf("%d workers over %v: %+v", s.WorkerReplicas, s.FailureDomains, s.WorkerGroups())
		}
	})
}

func TestMirrorsAreGrouped(t *testing.T) {
	s := Settings{RegistryMirrors: []string{"docker.io=https://a", "*=https://b", "docker.io=https://c"}}
	assert.Equal(t, []Mirror{{"docker.io", []string{"https://a", "https://c"}}, {"*", []string{"https://b"}}}, s.Mirrors())
	s.RegistryTLSSecret = "r:5000=ca"
	assert.Equal(t, PrivateRegistry{Host: "r:5000", TLSSecret: "ca"}, s.PrivateRegistry())
}

func TestSummary(t *testing.T) {
	s := valid()
	s.Workers.Memory = "16Gi"
	summary := s.Complete().Summary()
	for _, want := range []string{
		"Cluster prod in namespace prod, on Harvester in namespace vms\n",
		"  control plane  3 machines, each with 4 CPUs, 8Gi memory, 80Gi disk\n",
		"  together       20 CPUs, 56Gi memory, 400Gi disks\n",
		"  addresses      from pool; router 172.16.0.1, mask 255.255.0.0\n",
		"  Kubernetes     v1.31.14+rke2r1, pod network calico\n",
	} {
		assert.Contains(t, summary, want)
	}
	s.ControlPlaneReplicas, s.WorkerReplicas, s.IPPool = 1, 0, ""
	summary = s.Complete().Summary()
	assert.Contains(t, summary, "1 machine with 4 CPUs")
	assert.Contains(t, summary, "workers        none\n")
	assert.Contains(t, summary, "addresses      by DHCP\n")
}
