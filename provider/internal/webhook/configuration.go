package webhook

import (
	"context"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

const (
	// ConfigurationName is the name of the registration; the manifests in config/webhook use it too.
	ConfigurationName = "caphv-validating-webhook-configuration"
	serviceName       = "caphv-webhook-service"
	certificateName   = "caphv-serving-cert"
	// injectAnnotation makes cert-manager write the CA into the registration.
	injectAnnotation = "cert-manager.io/inject-ca-from"
	// needACertAnnotation stands on the Service where Rancher issues the certificate instead of cert-manager, as Turtles has
	// it do by default. Rancher writes the CA by itself, and an annotation that names no Certificate is an error to others.
	needACertAnnotation = "need-a-cert.cattle.io/secret-name"
	timeoutSeconds      = 10
)

// EnsureConfiguration creates the registration of the webhooks if it is not there: an operator may have deleted it to
// get past a webhook that was down. One that is there is left as it is, as whoever installed it owns it. live reads the
// Service of the webhooks, uncached.
func EnsureConfiguration(ctx context.Context, c client.Writer, live client.Reader, namespace string) error {
	wanted := configuration(namespace)
	service := &corev1.Service{}
	err := live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: serviceName}, service)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("get Service %s/%s: %w", namespace, serviceName, err)
	}
	if service.Annotations[needACertAnnotation] != "" {
		delete(wanted.Annotations, injectAnnotation)
	}
	err = c.Create(ctx, wanted)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create ValidatingWebhookConfiguration %s: %w", ConfigurationName, err)
	}
	return nil
}

func configuration(namespace string) *admissionregistrationv1.ValidatingWebhookConfiguration {
	result := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{
			Name: ConfigurationName,
			Labels: map[string]string{
				"cluster.x-k8s.io/provider":   "infrastructure-harvester",
				"clusterctl.cluster.x-k8s.io": "",
			},
			Annotations: map[string]string{injectAnnotation: namespace + "/" + certificateName},
		},
	}
	for _, resource := range resources {
		result.Webhooks = append(result.Webhooks, admissionregistrationv1.ValidatingWebhook{
			Name: "validation." + singular(resource) + "." + infrav1.GroupVersion.Group,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{
					Name: serviceName, Namespace: namespace, Path: ptr.To(path(resource)),
				},
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{infrav1.GroupVersion.Group}, APIVersions: []string{infrav1.GroupVersion.Version},
					Resources: []string{resource}, Scope: ptr.To(admissionregistrationv1.AllScopes),
				},
			}},
			FailurePolicy:           ptr.To(admissionregistrationv1.Fail),
			MatchPolicy:             ptr.To(admissionregistrationv1.Equivalent),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			TimeoutSeconds:          ptr.To[int32](timeoutSeconds),
			AdmissionReviewVersions: []string{"v1"},
		})
	}
	return result
}
