// Package clusterclass runs Cluster API's own code, its webhooks and the generator of a topology's objects, on
// ClusterClass harvester-rke2, and lets a real API server validate what comes of it.
package clusterclass

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1beta1 "sigs.k8s.io/cluster-api/api/core/v1beta1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/core/webhooks/conversion"
	"sigs.k8s.io/cluster-api/feature"
	"sigs.k8s.io/yaml"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/apiserver"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

// file is the class for the providers that the sandbox runs; package clusterclass of module generate holds that the other
// one differs in their version alone.
const file = "templates/clusterclass/rke2-v0.21/clusterclass-harvester-rke2.yaml"

var (
	cluster *apiserver.Cluster
	// class is the ClusterClass as Cluster API stores it, its variables taken in.
	class *clusterv1.ClusterClass
)

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(started *apiserver.Cluster) error {
		cluster = started
		if err := feature.MutableGates.Set("ClusterTopology=true"); err != nil {
			return err
		}
		ctx := context.Background()
		if err := cluster.InstallProviders(ctx); err != nil {
			return err
		}
		return createClass(ctx)
	}))
}

// createClass creates the templates and the ClusterClass, and writes the status that Cluster API's reconciler would.
func createClass(ctx context.Context) error {
	root, err := manifests.Root()
	if err != nil {
		return err
	}
	objects, err := manifests.Read(filepath.Join(root, file))
	if err != nil {
		return err
	}
	for _, object := range objects {
		object.SetNamespace("default")
		if object.GetKind() == "ClusterClass" {
			if class, err = storedClass(ctx, object); err != nil {
				return err
			}
			continue
		}
		if err := cluster.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	if err := cluster.Client.Create(ctx, class); err != nil {
		return err
	}
	class.Status.ObservedGeneration = class.Generation
	for _, variable := range class.Spec.Variables {
		class.Status.Variables = append(class.Status.Variables, clusterv1.ClusterClassStatusVariable{
			Name: variable.Name,
			Definitions: []clusterv1.ClusterClassStatusVariableDefinition{{
				From: clusterv1.VariableDefinitionFromInline, Required: variable.Required, Schema: variable.Schema,
			}},
		})
	}
	meta.SetStatusCondition(&class.Status.Conditions, metav1.Condition{
		Type: clusterv1.ClusterClassVariablesReadyCondition, Status: metav1.ConditionTrue, Reason: clusterv1.ClusterClassVariablesReadyReason,
	})
	return cluster.Client.Status().Update(ctx, class)
}

// storedClass converts the ClusterClass of the file to the API version that Cluster API stores. An unknown field is an
// error.
func storedClass(ctx context.Context, object *unstructured.Unstructured) (*clusterv1.ClusterClass, error) {
	text, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	written := &clusterv1beta1.ClusterClass{}
	if err := yaml.UnmarshalStrict(text, written); err != nil {
		return nil, fmt.Errorf("ClusterClass %s: %w", object.GetName(), err)
	}
	stored := &clusterv1.ClusterClass{}
	if err := conversion.ConvertClusterClassV1Beta1ToHub(ctx, written, stored); err != nil {
		return nil, fmt.Errorf("convert ClusterClass %s: %w", object.GetName(), err)
	}
	return stored, nil
}
