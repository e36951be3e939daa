package management

import (
	"fmt"
	"path/filepath"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
)

// Names of the components, as Management.Manager takes them.
const (
	Core             = "capi-core"
	RKE2Bootstrap    = "rke2-bootstrap"
	RKE2ControlPlane = "rke2-controlplane"
	CAPHV            = "caphv"
)

// Component is one manager with the manifests that install it.
type Component struct {
	// Name is one of the constants above.
	Name string
	// Title is what a person calls it.
	Title string
	// Program is the manager's binary in bin.
	Program string
	// Namespace and ServiceAccount it runs as; both come with its manifests.
	Namespace, ServiceAccount string
	// Args are flags besides those every manager gets from its endpoints.
	Args []string
	// manifests reads its install manifests.
	manifests func(build.Paths) ([]byte, error)
	// endpointArgs says on the command line where to listen.
	endpointArgs func(endpoints) []string
}

// endpoints of one manager: ports of 127.0.0.1 and the folder of its webhook
// certificate.
type endpoints struct {
	webhook, health int
	certDir         string
}

// Components are all of them, in the order in which a person would install
// them. CAPHV is the last.
func Components() []Component {
	return []Component{
		{
			Name: Core, Title: "Cluster API core", Program: "capi-core",
			Namespace: "capi-system", ServiceAccount: "capi-manager",
			Args:         []string{"--feature-gates=ClusterTopology=true"},
			manifests:    rendered("capi-core"),
			endpointArgs: clusterAPIArgs,
		},
		{
			Name: RKE2Bootstrap, Title: "RKE2 bootstrap provider", Program: "rke2-bootstrap",
			Namespace: "rke2-bootstrap-system", ServiceAccount: "rke2-bootstrap-manager",
			Args:         []string{"--feature-gates=ClusterTopology=true"},
			manifests:    rendered("rke2-bootstrap"),
			endpointArgs: clusterAPIArgs,
		},
		{
			Name: RKE2ControlPlane, Title: "RKE2 control-plane provider", Program: "rke2-controlplane",
			Namespace: "rke2-control-plane-system", ServiceAccount: "rke2-control-plane-manager",
			manifests:    rendered("rke2-controlplane"),
			endpointArgs: clusterAPIArgs,
		},
		{
			Name: CAPHV, Title: "CAPHV", Program: "manager",
			Namespace: "caphv-system", ServiceAccount: "caphv-controller-manager",
			Args:         []string{"--enable-webhooks=true", "--leader-elect=false", "--metrics-bind-address=0"},
			manifests:    kustomized("config/default"),
			endpointArgs: caphvArgs,
		},
	}
}

// Without returns the components except the named ones.
func Without(names ...string) []Component {
	var kept []Component
next:
	for _, c := range Components() {
		for _, name := range names {
			if c.Name == name {
				continue next
			}
		}
		kept = append(kept, c)
	}
	return kept
}

// clusterAPIArgs are the flags that Cluster API's managers share. Metrics are
// off: nobody scrapes them, and their default port is not free for four.
func clusterAPIArgs(e endpoints) []string {
	return []string{
		fmt.Sprintf("--webhook-port=%d", e.webhook),
		"--webhook-cert-dir=" + e.certDir,
		fmt.Sprintf("--health-addr=127.0.0.1:%d", e.health),
		"--diagnostics-address=0",
		"--insecure-diagnostics=true",
	}
}

func caphvArgs(e endpoints) []string {
	return []string{
		fmt.Sprintf("--webhook-port=%d", e.webhook),
		"--webhook-cert-dir=" + e.certDir,
		fmt.Sprintf("--health-probe-bind-address=127.0.0.1:%d", e.health),
	}
}

// rendered manifests were made by sandbox/build when the program was built.
func rendered(program string) func(build.Paths) ([]byte, error) {
	return func(paths build.Paths) ([]byte, error) { return readFile(paths.Manifest(program)) }
}

// kustomized manifests are ours: they are rendered from the working tree, so
// that a change shows at the next start.
func kustomized(dir string) func(build.Paths) ([]byte, error) {
	return func(paths build.Paths) ([]byte, error) { return build.Render(filepath.Join(paths.Root, dir)) }
}
