package command

import (
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/clusterclass"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// wrong is a mistake with one flag: what else the command line says, and what the answer must say beside the flag's name.
type wrong struct {
	value string
	fix   string
	more  []string
}

// mistakes has one for every flag of the root command.
func mistakes(t *testing.T) map[string]wrong {
	t.Helper()
	absent := filepath.Join(t.TempDir(), "absent.yaml")
	const number, sure = "give a whole number", "give true or false"
	return map[string]wrong{
		"name":                    {value: "A", fix: "begins with a letter"},
		"namespace":               {value: "A", fix: "at most 63 lower-case letters"},
		"harvester-kubeconfig":    {value: absent, fix: "download it from Harvester's dashboard"},
		"image":                   {value: "", fix: "name a VM image on Harvester"},
		"ssh-keypair":             {value: "", fix: "name an SSH key pair on Harvester"},
		"network":                 {value: "a/b/c", fix: "of the form namespace/name"},
		"ip-pool":                 {value: "A", fix: "use lower-case letters"},
		"ip-pool-refs":            {value: "a,a", fix: "leave one out"},
		"gateway":                 {value: "", fix: "is required with an address pool"},
		"subnet-mask":             {value: "255.0.255.0", fix: "such as 255.255.0.0"},
		"dns":                     {value: "8.8.8.8", fix: "leave it out or add --ip-pool", more: []string{"--ip-pool="}},
		"cp-replicas":             {value: "0", fix: "give at least 1"},
		"worker-replicas":         {value: "many", fix: number},
		"cpu":                     {value: "0", fix: "give at least 1"},
		"memory":                  {value: "8 GB", fix: "such as 8Gi"},
		"disk-size":               {value: "big", fix: "such as 80Gi"},
		"k8s-version":             {value: "1.31", fix: "such as v1.31.14"},
		"target-namespace":        {value: "A", fix: "at most 63 lower-case letters"},
		"ssh-user":                {value: "", fix: "name the user that the key pair is for"},
		"lb-ipam":                 {value: "static", fix: "dhcp, pool"},
		"lb-ip-pool":              {value: "vips", fix: "add that or leave it out"},
		"cni":                     {value: "flannel", fix: "calico, canal, cilium, none"},
		"cni-mtu":                 {value: "100", fix: "give 1280 to 9216"},
		"cni-encapsulation":       {value: "GRE", fix: "VXLAN"},
		"cni-values":              {value: absent, fix: "name a YAML file of Helm values"},
		"pod-cidr":                {value: "10.42.0.1/16", fix: "such as 10.42.0.0/16"},
		"service-cidr":            {value: "10.42.0.0/17", fix: "choose ranges apart"},
		"rancher-auto-import":     {value: "maybe", fix: sure},
		"label":                   {value: "team", fix: "of the form key=value"},
		"class":                   {value: "A", fix: "use lower-case letters"},
		"cni-bgp":                 {value: "maybe", fix: sure},
		"fleet-addon-repo":        {value: "addons", fix: "such as https://git.example/team/addons"},
		"fleet-addon-branch":      {value: "main", fix: "add that or leave it out"},
		"fleet-addon-path":        {value: "a", fix: "add that or leave it out"},
		"recursive":               {value: "maybe", fix: sure},
		"class-namespace":         {value: "A", fix: "at most 63 lower-case letters"},
		"extra-disk":              {value: "100Gi", fix: "such as harvester-longhorn:100Gi"},
		"failure-domain":          {value: "a,a", fix: "leave one out"},
		"cis-profile":             {value: "cis-2", fix: "cis-1.23"},
		"fips":                    {value: "maybe", fix: sure},
		"firmware":                {value: "uefi", fix: "bios, efi, secure-boot"},
		"tpm":                     {value: "yes", fix: "none, ephemeral, persistent"},
		"interface":               {value: "1:static", fix: "such as 1:dhcp:optional"},
		"network-data-version":    {value: "2", fix: "v1, v2"},
		"guest-quirk":             {value: "suse", fix: "suse-static-routes"},
		"install-guest-agent":     {value: "maybe", fix: sure},
		"capi-api-version":        {value: "v1", fix: "v1beta1, v1beta2"},
		"max-unhealthy":           {value: "most", fix: "such as 2 or 34%"},
		"node-startup-timeout":    {value: "20", fix: "such as 20m or 1h30m"},
		"unhealthy-timeout":       {value: "-5m", fix: "such as 20m or 1h30m"},
		"system-default-registry": {value: "https://r", fix: "leave out https://"},
		"registry-mirror":         {value: "docker.io", fix: "such as docker.io=https://registry.example:5000"},
		"registry-secret":         {value: "r", fix: "such as registry.example:5000=registry-login"},
		"registry-tls-secret":     {value: "r", fix: "such as registry.example:5000=registry-login"},
		"air-gapped":              {value: "maybe", fix: sure},
		"chart-repository":        {value: "charts", fix: "such as https://charts.example"},
		"cp-cpu":                  {value: "-1", fix: "give at least 0"},
		"cp-memory":               {value: "8e9", fix: "such as 8Gi"},
		"cp-disk-size":            {value: "0", fix: "such as 80Gi"},
		"cp-network":              {value: "/b", fix: "of the form namespace/name"},
		"cp-extra-disk":           {value: "a:", fix: "such as harvester-longhorn:100Gi"},
		"worker-cpu":              {value: "x", fix: number},
		"worker-memory":           {value: "-1", fix: "such as 8Gi"},
		"worker-disk-size":        {value: "80 Gi", fix: "such as 80Gi"},
		"worker-network":          {value: "a/b/c", fix: "of the form namespace/name"},
		"worker-extra-disk":       {value: ":1Gi", fix: "such as harvester-longhorn:100Gi"},
		"values":                  {value: absent, fix: "no such file"},
		"interactive":             {value: "true", fix: "leave it out and give the flags"},
		"apply":                   {value: "maybe", fix: sure},
		"preflight":               {value: "maybe", fix: sure},
		"preflight-format":        {value: "xml", fix: "neither text nor json"},
		"split-secrets":           {value: "/dev/null/secrets", fix: "--split-secrets names another directory"},
		"output":                  {value: "/dev/null/manifests", fix: "--output names another directory"},
		"wait":                    {value: "true", fix: "add --apply or leave it out"},
		"timeout":                 {value: "20", fix: "give a duration, such as 20m"},
		"dry-run":                 {value: "client", fix: "leave out --apply to write the objects only"},
		"force-conflicts":         {value: "maybe", fix: sure},
		"kubeconfig":              {value: absent, fix: "no such file", more: []string{"--apply", "--preflight=false"}},
		"context":                 {value: "absent", fix: "a context in it (kubectl config get-contexts)", more: []string{"--apply", "--preflight=false"}},
	}
}

// Each flag's mistake is answered by the flag's name and the fix, nothing on standard output, and the exit code that the
// help documents: 2, but 1 for a directory that cannot be written.
func TestEveryFlagsMistakeNamesTheFlagAndTheFix(t *testing.T) {
	table := mistakes(t)
	known := make(map[string]bool)
	newRoot(Streams{}, "").Flags().VisitAll(func(flag *pflag.Flag) {
		known[flag.Name] = true
		assert.Contains(t, table, flag.Name, "the flag has no mistake in this table")
	})
	for flag, mistake := range table {
		t.Run(flag, func(t *testing.T) {
			assert.True(t, known[flag], "there is no such flag")
			code, stdout, stderr := run(t, append(append(guide(t), mistake.more...), "--"+flag+"="+mistake.value)...)
			want := ExitUsage
			if flag == "output" || flag == "split-secrets" {
				want = ExitFailed
			}
			assert.Equal(t, want, code, stderr)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, "--"+flag)
			assert.Contains(t, stderr, mistake.fix)
			assert.NotContains(t, stderr, token)
		})
	}
}

func TestMistakesOfTheOtherCommands(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"class in an unknown version": {[]string{"clusterclass", "--namespace=a", "--capi-api-version=v1"}, `--capi-api-version "v1" is none of v1beta1, v1beta2`},
		"RKE2 in an unknown version":  {[]string{"clusterclass", "--namespace=a", "--rke2-api-version=v1"}, `--rke2-api-version "v1" is none of`},
		"delete in another version":   {[]string{"delete", "--name=a", "--capi-api-version=v1"}, `--capi-api-version "v1" is none of`},
		"a value is missing":          {[]string{"--name"}, "--name needs a value: name of the cluster"},
		"far from any flag":           {[]string{"--frobnicate"}, "unknown flag: --frobnicate: caphv-generate --help lists all"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, test.arguments...)
			assert.Equal(t, ExitUsage, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, test.want)
		})
	}
}

func TestVersionsOfTheClass(t *testing.T) {
	code, stdout, stderr := run(t, "clusterclass", "--namespace", "ns", "--capi-api-version", "v1beta2", "--rke2-api-version", "v1beta2")
	assert.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "apiVersion: controlplane.cluster.x-k8s.io/v1beta2")
	assert.NotContains(t, stdout, "apiVersion: cluster.x-k8s.io/v1beta1")
	objects, err := clusterclass.Objects("ns", clusterclass.Versions{})
	require.NoError(t, err)
	assert.Len(t, objects, 6)
	assert.Equal(t, settings.V1Beta1, settings.Defaults().ClusterAPIVersion)
}

func TestCNIValues(t *testing.T) {
	file := write(t, "installation: {calicoNetwork: {mtu: 1400, nodeAddressAutodetectionV4: {interface: eth1}}}\n")
	code, stdout, stderr := run(t, append(guide(t), "--cni-values", file, "--cni-mtu", "1450")...)
	assert.Equal(t, ExitOK, code, stderr)
	assert.Contains(t, stdout, "mtu: 1400", "the file goes over the flag")
	assert.Contains(t, stdout, "interface: eth1")
	assert.Contains(t, stdout, "encapsulation: VXLAN", "what the file does not say stays")
	code, _, stderr = run(t, append(guide(t), "--cni-values", write(t, "- a: "+token))...)
	assert.Equal(t, ExitUsage, code)
	assert.Contains(t, stderr, "is not a YAML mapping of Helm values")
	assert.NotContains(t, stderr, token)
}
