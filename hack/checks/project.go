package checks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
)

// prefix is the path under which every module of the project is published.
const prefix = "github.com/rancher-sandbox/cluster-api-provider-harvester/"

// libraries are the modules that others import. They know nothing of each
// other, and their go.mod holds no replace.
var libraries = []string{
	"api", "cloudinit", "etcdops", "harvesterclient", "ipam", "observability", "validation",
}

// shared is what the modules of the project have in common. It obeys the rules of libraries; the go command lets nothing
// outside the project import it.
const shared = "internal"

// simulator is imported by the tests of others, as a library is, but composes libraries, which it reaches by a local replace.
// It is tagged without one (docs/adr/0037-the-simulator-is-a-module.md).
const simulator = "simulator"

// programs compose the libraries, which they reach by a local replace.
var programs = []string{"generate", "provider", "sandbox"}

// unwelcome may not be in any library's module graph, with the reason a
// reader of a failing check needs.
var unwelcome = map[string]string{
	"github.com/harvester/harvester": "makes importers resolve k8s.io/client-go v12.0.0+incompatible",
	"kubevirt.io/client-go":          "makes importers resolve k8s.io/kube-openapi v0.31.0, which does not exist",
}

// allowedWithin lists, for a library, the path prefixes outside the standard
// library and its own module that its non-test code may import. docs/architecture.md
// tells the reasons.
var allowedWithin = map[string][]string{
	"api":             {"k8s.io/api/", "k8s.io/apimachinery/", "sigs.k8s.io/cluster-api/api/"},
	"cloudinit":       {"go.yaml.in/yaml/", "sigs.k8s.io/yaml"},
	"etcdops":         {"github.com/spf13/", "go.etcd.io/etcd/", "google.golang.org/grpc", "go.uber.org/zap", "k8s.io/api/", "k8s.io/apimachinery/", "k8s.io/client-go/", "k8s.io/streaming/"},
	"harvesterclient": {"github.com/go-logr/logr", "github.com/gorilla/websocket", "golang.org/x/sync/", "golang.org/x/time/", "k8s.io/api/", "k8s.io/apiextensions-apiserver/pkg/apis/", "k8s.io/apimachinery/", "k8s.io/client-go/", "k8s.io/streaming/", "k8s.io/utils/", "kubevirt.io/api/", "sigs.k8s.io/controller-runtime", "sigs.k8s.io/yaml"},
	"ipam":            {"go4.org/netipx"},
	"internal":        {"golang.org/x/sys/", "k8s.io/api/", "k8s.io/apimachinery/", "k8s.io/client-go/", "k8s.io/utils/"},
	"observability":   {"github.com/prometheus/"},
	"simulator":       {prefix + "harvesterclient/", prefix + "internal/", "github.com/evanphx/json-patch/", "github.com/go-logr/logr", "github.com/gorilla/websocket", "go.yaml.in/yaml/", "golang.org/x/", "k8s.io/", "kubevirt.io/api/", "kubevirt.io/containerized-data-importer-api/", "sigs.k8s.io/controller-runtime", "sigs.k8s.io/yaml"},
	"validation":      {"github.com/bmatcuk/doublestar/", "github.com/google/cel-go/", "github.com/owenrumney/go-sarif/", "github.com/spf13/", "go.yaml.in/yaml/", "k8s.io/api/", "k8s.io/apiextensions-apiserver/", "k8s.io/apimachinery/", "k8s.io/apiserver/", "sigs.k8s.io/json", "sigs.k8s.io/yaml", "golang.org/x/sync/"},
}

// root finds the directory that holds go.work.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.work above the working directory")
		}
		dir = parent
	}
}

// readModFile parses a module's go.mod; module is its directory below root.
func readModFile(root, module string) (*modfile.File, error) {
	path := filepath.Join(root, module, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, data, nil)
}

func projectModules() []string {
	return slices.Sorted(slices.Values(slices.Concat(libraries, programs, []string{shared, simulator})))
}
