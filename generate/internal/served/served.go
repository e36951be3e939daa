// Package served finds out which version of a provider's API Cluster API will use in a management cluster.
package served

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/typed/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// ErrMissing means that RKE2's providers are not installed.
var ErrMissing = errors.New("RKE2's providers are not installed")

// templates are the definitions of the kinds that ClusterClass harvester-rke2 refers to.
var templates = []string{
	"rke2controlplanetemplates.controlplane.cluster.x-k8s.io",
	"rke2configtemplates.bootstrap.cluster.x-k8s.io",
}

// contracts are Cluster API's, the newer one first. A label of this name on a definition lists, joined by underscores, the
// versions that keep the contract.
var contracts = []string{"v1beta2", "v1beta1"}

// RKE2 returns the newest version, of those that known lists, that both of RKE2's providers serve and that Cluster API
// goes by. It is ErrMissing if one of them is not there. An account that may not read definitions learns from discovery
// what is served.
func RKE2(ctx context.Context, config *rest.Config, known []string) (string, error) {
	client, err := apiextensions.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("setting up the client: %w", err)
	}
	candidates := slices.Clone(known)
	for _, name := range templates {
		var usable []string
		definition, err := client.CustomResourceDefinitions().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return "", fmt.Errorf("%w: CustomResourceDefinition %s is missing", ErrMissing, name)
		case apierrors.IsForbidden(err):
			if usable, err = discovered(config, name); err != nil {
				return "", err
			}
		case err != nil:
			return "", fmt.Errorf("reading CustomResourceDefinition %s: %w", name, err)
		default:
			usable = Versions(definition)
		}
		candidates = slices.DeleteFunc(candidates, func(v string) bool { return !slices.Contains(usable, v) })
	}
	if len(candidates) == 0 {
		return "", fmt.Errorf("RKE2's providers serve none of %s in common", strings.Join(known, ", "))
	}
	return slices.MaxFunc(candidates, version.CompareKubeAwareVersionStrings), nil
}

// discovered are the versions of a definition's group that the API server serves.
func discovered(config *rest.Config, name string) ([]string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("setting up discovery: %w", err)
	}
	groups, err := client.ServerGroups()
	if err != nil {
		return nil, fmt.Errorf("asking which API groups are served: %w", err)
	}
	_, group, _ := strings.Cut(name, ".")
	for _, found := range groups.Groups {
		if found.Name != group {
			continue
		}
		versions := make([]string, 0, len(found.Versions))
		for _, v := range found.Versions {
			versions = append(versions, v.Version)
		}
		return versions, nil
	}
	return nil, fmt.Errorf("%w: API group %s is not served", ErrMissing, group)
}

// Versions are those that a definition serves and its label names for the newest contract that it has a label for; without
// any such label, all that it serves.
func Versions(definition *apiextensionsv1.CustomResourceDefinition) []string {
	var serves []string
	for _, v := range definition.Spec.Versions {
		if v.Served {
			serves = append(serves, v.Name)
		}
	}
	for _, contract := range contracts {
		label, labelled := definition.Labels["cluster.x-k8s.io/"+contract]
		if !labelled {
			continue
		}
		named := strings.Split(label, "_")
		return newest(slices.DeleteFunc(serves, func(v string) bool { return !slices.Contains(named, v) }))
	}
	return serves
}

// newest is the one of a contract's versions that Cluster API takes.
func newest(versions []string) []string {
	if len(versions) == 0 {
		return nil
	}
	return []string{slices.MaxFunc(versions, version.CompareKubeAwareVersionStrings)}
}
