package clusterclass

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Versions are those of the APIs, v1beta1 or v1beta2; what is empty stays as it ships: Cluster API in v1beta1, RKE2 in
// v1beta2.
type Versions struct {
	// ClusterAPI is that of the ClusterClass.
	ClusterAPI string
	// RKE2 is that of the templates of RKE2's providers. Their fields that the class uses are the same in both.
	RKE2 string
}

const (
	coreGroup         = "cluster.x-k8s.io"
	controlPlaneGroup = "controlplane.cluster.x-k8s.io"
	bootstrapGroup    = "bootstrap.cluster.x-k8s.io"
	renamed           = "v1beta2"
)

// convert changes the object's version, and every version that it names.
func (v Versions) convert(object *unstructured.Unstructured) {
	v.rename(object.Object)
	if v.ClusterAPI == renamed && object.GetKind() == "ClusterClass" {
		spec := child(object.Object, "spec")
		templateRefs(child(spec, "infrastructure"), child(spec, "controlPlane"), child(spec, "controlPlane", "machineInfrastructure"))
		deployments, _ := child(spec, "workers")["machineDeployments"].([]any)
		for _, deployment := range deployments {
			flatten(deployment)
		}
	}
}

// rename walks over all apiVersion fields: of the object, of references, and of what patches select.
func (v Versions) rename(value any) {
	switch value := value.(type) {
	case map[string]any:
		if version, ok := value["apiVersion"].(string); ok {
			value["apiVersion"] = v.of(version)
		}
		for _, nested := range value {
			v.rename(nested)
		}
	case []any:
		for _, nested := range value {
			v.rename(nested)
		}
	}
}

func (v Versions) of(apiVersion string) string {
	group, _, _ := strings.Cut(apiVersion, "/")
	switch {
	case group == coreGroup && v.ClusterAPI != "":
		return group + "/" + v.ClusterAPI
	case (group == controlPlaneGroup || group == bootstrapGroup) && v.RKE2 != "":
		return group + "/" + v.RKE2
	}
	return apiVersion
}

// templateRefs gives references the name that they have in v1beta2.
func templateRefs(holders ...map[string]any) {
	for _, holder := range holders {
		if ref, there := holder["ref"]; there {
			holder["templateRef"] = ref
			delete(holder, "ref")
		}
	}
}

// flatten takes away the level that v1beta2 does not have in the class of a MachineDeployment.
func flatten(deployment any) {
	class, _ := deployment.(map[string]any)
	template, _ := class["template"].(map[string]any)
	for field, value := range template {
		class[field] = value
		if holder, ok := value.(map[string]any); ok {
			templateRefs(holder)
		}
	}
	delete(class, "template")
}

func child(object map[string]any, path ...string) map[string]any {
	for _, field := range path {
		object, _ = object[field].(map[string]any)
	}
	return object
}
