package build

import (
	"fmt"
	"slices"
	"strings"
)

// Program is one binary in <repository>/bin.
type Program struct {
	// Name of the binary.
	Name string
	// Title tells a person what it is.
	Title string
	// Module is the folder of its Go module, relative to the repository.
	Module string
	// Package is the import path or the relative path of its main package.
	Package string
	// Links are further names of the binary, made in bin/assets.
	Links []string
	// Manifests is the folder of its kustomization, relative to the main
	// package; empty when it has none to render.
	Manifests string
	// ThirdParty programs come from a tool module of fixed versions: they are
	// built once, statically and without debug data.
	ThirdParty bool
	// VersionModule is the module whose version the binary must report as its
	// Kubernetes version; empty for none.
	VersionModule string
	// Aside programs are not needed to run a sandbox; who uses one asks for it.
	Aside bool
}

// Admission names KubeVirt's admission, which the stand-in for Harvester asks about every virtual machine.
const Admission = "kubevirt-admission"

// kubernetes' title says how long a first build takes, because nothing else in
// the sandbox makes a person wait for minutes.
var programs = []Program{
	{
		Name: "kubernetes", Title: "Kubernetes: etcd, kube-apiserver, kube-controller-manager, kubectl (first build: about 5 min on 2 cores)",
		Module: "sandbox/programs/kubernetes", Package: ".", ThirdParty: true, VersionModule: "k8s.io/kubernetes",
		Links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"},
	},
	{
		Name: Etcdctl, Title: "etcdctl",
		Module: "sandbox/programs/etcdctl", Package: "go.etcd.io/etcd/etcdctl/v3", ThirdParty: true,
	},
	{
		Name: "capi-core", Title: "Cluster API core (first build: about 2 min)",
		Module: "sandbox/programs/capi", Package: "sigs.k8s.io/cluster-api/core", Manifests: "config/default", ThirdParty: true,
	},
	{
		Name: "rke2-bootstrap", Title: "RKE2 bootstrap provider (first build: about 1.5 min)",
		Module: "sandbox/programs/rke2", Package: "github.com/rancher/cluster-api-provider-rke2/bootstrap", Manifests: "config/default", ThirdParty: true,
	},
	{
		Name: "rke2-controlplane", Title: "RKE2 control-plane provider",
		Module: "sandbox/programs/rke2", Package: "github.com/rancher/cluster-api-provider-rke2/controlplane", Manifests: "config/default", ThirdParty: true,
	},
	{
		Name: Clusterctl, Title: "clusterctl (first build: about 1 min)",
		Module: "sandbox/programs/capi", Package: "sigs.k8s.io/cluster-api/cmd/clusterctl", ThirdParty: true, Aside: true,
	},
	{
		Name: Helm, Title: "Helm 4 (first build: about 3 min)",
		Module: "hack/tools/helm", Package: "helm.sh/helm/v4/cmd/helm", ThirdParty: true, Aside: true,
	},
	{
		Name: Helm3, Title: "Helm 3 (first build: about 2 min)",
		Module: "hack/tools/helm3", Package: "helm.sh/helm/v3/cmd/helm", ThirdParty: true, Aside: true,
	},
	{
		Name: Node, Title: "kubelet and kube-scheduler (after kubernetes: about 2 min)",
		Module: "sandbox/programs/node", Package: ".", ThirdParty: true, VersionModule: "k8s.io/kubernetes", Aside: true,
	},
	{Name: PodShim, Title: "what starts a Pod's processes", Module: "sandbox", Package: "./node/cmd/pod-shim", Aside: true},
	{
		Name: Admission, Title: "KubeVirt's admission (first build: about 2 min)",
		Module: "conformance/kubevirtadmission", Package: "./cmd/kubevirt-admission", ThirdParty: true,
	},
	{Name: "manager", Title: "CAPHV's manager", Module: "provider", Package: "./cmd/manager"},
	{Name: "caphv-generate", Title: "caphv-generate", Module: "generate", Package: "./cmd/caphv-generate"},
}

// Clusterctl is the name of Cluster API's own tool, which moves clusters between management clusters.
const Clusterctl = "clusterctl"

// Helm and Helm3 name the two releases of Helm that install our chart.
const (
	Helm  = "helm"
	Helm3 = "helm3"
)

// Node and PodShim name what a node runs: the kubelet with the scheduler, and what starts its Pods' processes.
const (
	Node    = "node"
	PodShim = "pod-shim"
)

// Etcdctl names etcd's own command, which runs inside the etcd pods of guests.
const Etcdctl = "etcdctl"

// Assets names what API-server tests need: the multi-call Kubernetes binary, and etcdctl.
func Assets() []string { return []string{"kubernetes", Etcdctl} }

// All names every program, in the order in which they are built.
func All() []string {
	names := make([]string, 0, len(programs))
	for _, p := range programs {
		names = append(names, p.Name)
	}
	return names
}

// Standard names the programs that a sandbox runs, in the order in which they are built.
func Standard() []string {
	var names []string
	for _, p := range programs {
		if !p.Aside {
			names = append(names, p.Name)
		}
	}
	return names
}

// lookup finds the named programs, in build order.
func lookup(names []string) ([]Program, error) {
	for _, name := range names {
		if !slices.Contains(All(), name) {
			return nil, fmt.Errorf("no program is called %q; there are %s", name, strings.Join(All(), ", "))
		}
	}
	var found []Program
	for _, p := range programs {
		if slices.Contains(names, p.Name) {
			found = append(found, p)
		}
	}
	return found, nil
}
