package components

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

// TestNamesAreThoseOfTheGuide lists what operators' commands refer to.
func TestNamesAreThoseOfTheGuide(t *testing.T) {
	present := map[string]bool{}
	for _, object := range rendered {
		name := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
		assert.False(t, present[name], "%s is there twice", name)
		present[name] = true
	}
	for _, name := range []string{
		"Namespace /caphv-system",
		"CustomResourceDefinition /harvesterclusters.infrastructure.cluster.x-k8s.io",
		"CustomResourceDefinition /harvestermachines.infrastructure.cluster.x-k8s.io",
		"CustomResourceDefinition /harvesterclustertemplates.infrastructure.cluster.x-k8s.io",
		"CustomResourceDefinition /harvestermachinetemplates.infrastructure.cluster.x-k8s.io",
		"CustomResourceDefinition /harvesterippools.infrastructure.cluster.x-k8s.io",
		"Deployment caphv-system/caphv-controller-manager",
		"Service caphv-system/caphv-webhook-service",
		"Service caphv-system/caphv-controller-manager-metrics-service",
		"ValidatingWebhookConfiguration /caphv-validating-webhook-configuration",
		"ClusterRole /caphv-manager-role", "ClusterRole /caphv-metrics-reader", "ClusterRole /caphv-proxy-role",
		"ClusterRoleBinding /caphv-manager-rolebinding", "ClusterRoleBinding /caphv-proxy-rolebinding",
	} {
		assert.True(t, present[name], name)
	}
}

// TestClusterctlsRulesAreKept: one Namespace, everything in it, everything labelled, a container called manager, and
// no ${...} that clusterctl would take for a variable.
func TestClusterctlsRulesAreKept(t *testing.T) {
	clusterWide := map[string]bool{
		"Namespace": true, "CustomResourceDefinition": true, "ClusterRole": true, "ClusterRoleBinding": true, "ValidatingWebhookConfiguration": true,
	}
	for _, object := range rendered {
		name := object.GetKind() + " " + object.GetName()
		if !clusterWide[object.GetKind()] {
			assert.Equal(t, "caphv-system", object.GetNamespace(), name)
		}
		assert.Equal(t, "infrastructure-harvester", object.GetLabels()["cluster.x-k8s.io/provider"], name)
		text, err := object.MarshalJSON()
		require.NoError(t, err)
		assert.NotContains(t, string(text), "${", name)
	}
	deployment := only[appsv1.Deployment](t, rendered, "Deployment", "caphv-controller-manager")
	assert.Equal(t, "manager", deployment.Spec.Template.Spec.Containers[0].Name)
}

// TestWebhooksAreReachableAndTrusted follows the chain from a rule to the container's port and certificate.
func TestWebhooksAreReachableAndTrusted(t *testing.T) {
	configuration := only[admissionregistrationv1.ValidatingWebhookConfiguration](t, rendered, "ValidatingWebhookConfiguration", "caphv-validating-webhook-configuration")
	service := only[corev1.Service](t, rendered, "Service", "caphv-webhook-service")
	deployment := only[appsv1.Deployment](t, rendered, "Deployment", "caphv-controller-manager")
	certificate := find(t, rendered, "Certificate", "caphv-serving-cert")

	assert.Equal(t, "caphv-system/"+certificate.GetName(), configuration.Annotations["cert-manager.io/inject-ca-from"])
	require.Len(t, configuration.Webhooks, 4)
	for _, webhook := range configuration.Webhooks {
		rule := webhook.Rules[0]
		assert.Equal(t, "/validate-infrastructure-cluster-x-k8s-io-v1beta1-"+strings.TrimSuffix(rule.Resources[0], "s"), *webhook.ClientConfig.Service.Path)
		assert.Equal(t, service.Name, webhook.ClientConfig.Service.Name)
		assert.Equal(t, []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}, rule.Operations)
		assert.Equal(t, admissionregistrationv1.Fail, *webhook.FailurePolicy)
		assert.Equal(t, admissionregistrationv1.SideEffectClassNone, *webhook.SideEffects)
		assert.Equal(t, admissionregistrationv1.Equivalent, *webhook.MatchPolicy)
	}
	assert.Equal(t, int32(443), service.Spec.Ports[0].Port)
	assert.Equal(t, int32(9443), containerPort(t, deployment, service))

	hosts, _, err := unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames")
	require.NoError(t, err)
	assert.Contains(t, hosts, service.Name+"."+service.Namespace+".svc")
	secret, _, err := unstructured.NestedString(certificate.Object, "spec", "secretName")
	require.NoError(t, err)
	pod := deployment.Spec.Template.Spec
	assert.Equal(t, "caphv-webhook-tls", secret)
	assert.Equal(t, secret, pod.Volumes[0].Secret.SecretName)
	assert.Equal(t, pod.Volumes[0].Name, pod.Containers[0].VolumeMounts[0].Name)
	assert.Equal(t, "/tmp/k8s-webhook-server/serving-certs", pod.Containers[0].VolumeMounts[0].MountPath)
}

// TestConversionIsReachableAndTrusted: every kind with two served versions is converted by the manager, and no other.
func TestConversionIsReachableAndTrusted(t *testing.T) {
	service := only[corev1.Service](t, rendered, "Service", "caphv-webhook-service")
	converted := 0
	for _, object := range rendered {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		definition := only[apiextensionsv1.CustomResourceDefinition](t, rendered, object.GetKind(), object.GetName())
		if len(definition.Spec.Versions) == 1 {
			assert.Nil(t, definition.Spec.Conversion, object.GetName())
			continue
		}
		converted++
		assert.Equal(t, "caphv-system/caphv-serving-cert", definition.Annotations["cert-manager.io/inject-ca-from"], object.GetName())
		require.NotNil(t, definition.Spec.Conversion, object.GetName())
		assert.Equal(t, apiextensionsv1.WebhookConverter, definition.Spec.Conversion.Strategy)
		target := definition.Spec.Conversion.Webhook.ClientConfig.Service
		assert.Equal(t, service.Namespace+"/"+service.Name+"/convert", target.Namespace+"/"+target.Name+*target.Path)
		for _, version := range definition.Spec.Versions {
			assert.True(t, version.Served, "%s %s", object.GetName(), version.Name)
			assert.Equal(t, version.Name == "v1beta1", version.Storage, "%s %s", object.GetName(), version.Name)
			assert.Equal(t, version.Name == "v1alpha1", version.Deprecated, "%s %s", object.GetName(), version.Name)
		}
	}
	assert.Equal(t, 4, converted, "the kinds of v0.2.x")
}

func TestMetricsAreReachable(t *testing.T) {
	deployment := only[appsv1.Deployment](t, rendered, "Deployment", "caphv-controller-manager")
	service := only[corev1.Service](t, rendered, "Service", "caphv-controller-manager-metrics-service")
	assert.Equal(t, int32(8443), service.Spec.Ports[0].Port)
	assert.Equal(t, int32(8443), containerPort(t, deployment, service))

	monitors, err := manifests.Render("config/prometheus")
	require.NoError(t, err)
	monitor := find(t, monitors, "ServiceMonitor", "caphv-controller-manager-metrics-monitor")
	selector, _, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
	require.NoError(t, err)
	for key, value := range selector {
		assert.Equal(t, value, service.Labels[key])
	}
	endpoints, _, err := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	require.NoError(t, err)
	endpoint := endpoints[0].(map[string]any)
	assert.Equal(t, service.Spec.Ports[0].Name, endpoint["port"])
	assert.Equal(t, map[string]any{
		"serverName": service.Name, "ca": map[string]any{"secret": map[string]any{"name": "caphv-webhook-tls", "key": "ca.crt"}},
	}, endpoint["tlsConfig"], "the manager's certificate is checked")
	certificate := find(t, rendered, "Certificate", "caphv-serving-cert")
	hosts, _, err := unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames")
	require.NoError(t, err)
	assert.Contains(t, hosts, service.Name)
}

// TestSidecarLayout: two containers, the proxy on 8443 and the manager's metrics on 8080 behind it.
func TestSidecarLayout(t *testing.T) {
	objects, err := manifests.RenderWith("config/default", "config/components/kube-rbac-proxy")
	require.NoError(t, err)
	deployment := only[appsv1.Deployment](t, objects, "Deployment", "caphv-controller-manager")
	service := only[corev1.Service](t, objects, "Service", "caphv-controller-manager-metrics-service")
	containers := deployment.Spec.Template.Spec.Containers
	require.Len(t, containers, 2)
	assert.Contains(t, containers[0].Args, "--metrics-bind-address=127.0.0.1:8080")
	assert.Contains(t, containers[0].Args, "--metrics-secure=false")
	assert.Contains(t, containers[1].Args, "--upstream=http://127.0.0.1:8080/")
	assert.Contains(t, containers[1].Args, "--tls-cert-file="+containers[0].VolumeMounts[0].MountPath+"/tls.crt")
	assert.Equal(t, containers[0].VolumeMounts, containers[1].VolumeMounts, "the certificate that the ServiceMonitor checks")
	assert.Equal(t, int32(8443), containerPort(t, deployment, service))
}

// TestNoKindIsUnknown: clusterctl and the Cluster API operator look every object's kind up before they install anything,
// and give up, half installed, at one that the cluster does not know. cert-manager's kinds are a prerequisite.
func TestNoKindIsUnknown(t *testing.T) {
	known := map[string]bool{
		"": true, "apps": true, "rbac.authorization.k8s.io": true, "apiextensions.k8s.io": true,
		"admissionregistration.k8s.io": true, "cert-manager.io": true,
	}
	certificates := 0
	for _, object := range rendered {
		assert.True(t, known[object.GroupVersionKind().Group], "%s %s", object.GetKind(), object.GetName())
		if object.GetKind() == "Certificate" {
			certificates++
		}
	}
	assert.Equal(t, 1, certificates, "Turtles takes over one certificate, not several")
}

// TestInjectionNamesTheCertificate: Turtles fails at an annotation that names a Certificate which is not in the manifest.
func TestInjectionNamesTheCertificate(t *testing.T) {
	annotated := 0
	for _, object := range rendered {
		if name := object.GetAnnotations()["cert-manager.io/inject-ca-from"]; name != "" {
			annotated++
			assert.Equal(t, "caphv-system/caphv-serving-cert", name, object.GetName())
		}
	}
	assert.Equal(t, 5, annotated, "four converted kinds, and the webhooks")
}

// TestImageIsThatOfARelease: never "latest", never a tag that is not published.
func TestImageIsThatOfARelease(t *testing.T) {
	deployment := only[appsv1.Deployment](t, rendered, "Deployment", "caphv-controller-manager")
	assert.Regexp(t, `^ghcr\.io/rancher-sandbox/cluster-api-provider-harvester:v[0-9]+\.[0-9]+\.[0-9]+$`, deployment.Spec.Template.Spec.Containers[0].Image)
}

// TestFlagsHaveTheFormThatTheOperatorReplaces: it replaces --name=value, and appends to a bare --name.
func TestFlagsHaveTheFormThatTheOperatorReplaces(t *testing.T) {
	deployment := only[appsv1.Deployment](t, rendered, "Deployment", "caphv-controller-manager")
	require.NotEmpty(t, deployment.Spec.Template.Spec.Containers[0].Args)
	for _, argument := range deployment.Spec.Template.Spec.Containers[0].Args {
		assert.Regexp(t, `^--[a-z-]+=.+$`, argument)
	}
}

// TestLostDefinitionsAreSelectedAsTheGuideDoes: its selector is a label.
func TestLostDefinitionsAreSelectedAsTheGuideDoes(t *testing.T) {
	for _, object := range rendered {
		_, selected := object.GetLabels()["apiextensions.k8s.io/v1"]
		assert.Equal(t, object.GetKind() == "CustomResourceDefinition", selected, object.GetName())
	}
}

// TestDefinitionsFitPlainApply: a plain kubectl apply, as in the guide, keeps a copy of each object in an annotation, and
// annotations may hold 256 KiB (k8s.io/apimachinery/pkg/api/validation, TotalAnnotationSizeLimitB).
func TestDefinitionsFitPlainApply(t *testing.T) {
	for _, object := range rendered {
		text, err := object.MarshalJSON()
		require.NoError(t, err)
		assert.Less(t, len(text), 250*1024, "%s %s", object.GetKind(), object.GetName())
	}
}

// TestPoolsAreMoved: nothing but its kind's label leads clusterctl move to a pool.
func TestPoolsAreMoved(t *testing.T) {
	for _, object := range rendered {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		_, moved := object.GetLabels()["clusterctl.cluster.x-k8s.io/move"]
		assert.Equal(t, strings.HasPrefix(object.GetName(), "harvesterippools."), moved, object.GetName())
		assert.Contains(t, object.GetLabels(), "clusterctl.cluster.x-k8s.io", object.GetName())
	}
}

// containerPort follows a Service's first port into the pod, and checks that the Service selects the pod.
func containerPort(t *testing.T, deployment *appsv1.Deployment, service *corev1.Service) int32 {
	t.Helper()
	for key, value := range service.Spec.Selector {
		assert.Equal(t, value, deployment.Spec.Template.Labels[key], "the selector of %s", service.Name)
	}
	var found []int32
	for _, container := range deployment.Spec.Template.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == service.Spec.Ports[0].TargetPort.StrVal {
				found = append(found, port.ContainerPort)
			}
		}
	}
	require.Len(t, found, 1, "the ports called %q", service.Spec.Ports[0].TargetPort.StrVal)
	return found[0]
}

func find(t *testing.T, objects []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	require.Failf(t, "missing", "%s %s", kind, name)
	return nil
}

// only returns the object of a kind and name as its Go type.
func only[T any](t *testing.T, objects []*unstructured.Unstructured, kind, name string) *T {
	t.Helper()
	typed := new(T)
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(find(t, objects, kind, name).Object, typed, true))
	return typed
}
