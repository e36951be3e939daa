package admission

import (
	"context"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// Register writes the webhook configurations, so that the apiserver asks this server from now on. Configurations of a
// simulator that ran before are overwritten, those it no longer has are removed. The client's scheme must know
// admissionregistration.k8s.io/v1.
func (s *Server) Register(ctx context.Context, c client.Client) error {
	mutators := map[string]bool{}
	for _, hook := range s.webhooks {
		object := configuration(hook)
		_, err := controllerutil.CreateOrUpdate(ctx, c, object, func() error {
			s.fill(object, hook)
			return nil
		})
		if err != nil {
			return fmt.Errorf("register webhook %s: %w", hook.name, err)
		}
		mutators[hook.configuration] = mutators[hook.configuration] || hook.mutating
	}
	for _, hook := range []webhook{harvesterMutator(Options{}), balancerMutator(Options{})} {
		if mutators[hook.configuration] {
			continue
		}
		if err := client.IgnoreNotFound(c.Delete(ctx, configuration(hook))); err != nil {
			return fmt.Errorf("remove webhook %s: %w", hook.name, err)
		}
	}
	return nil
}

// configuration is the empty object that a webhook is registered by.
func configuration(hook webhook) client.Object {
	name := metav1.ObjectMeta{Name: hook.configuration}
	if hook.mutating {
		return &admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: name}
	}
	return &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: name}
}

// fill writes the one entry of a configuration.
func (s *Server) fill(object client.Object, hook webhook) {
	policy := admissionregistrationv1.Fail
	if hook.mutating && !hook.strict {
		policy = admissionregistrationv1.Ignore
	}
	target := admissionregistrationv1.WebhookClientConfig{URL: ptr.To(s.url(hook.path)), CABundle: s.caBundle}
	switch config := object.(type) {
	case *admissionregistrationv1.MutatingWebhookConfiguration:
		config.Webhooks = []admissionregistrationv1.MutatingWebhook{{
			Name: hook.name, ClientConfig: target, Rules: hook.registration(),
			FailurePolicy:           &policy,
			MatchPolicy:             ptr.To(admissionregistrationv1.Equivalent),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}}
	case *admissionregistrationv1.ValidatingWebhookConfiguration:
		config.Webhooks = []admissionregistrationv1.ValidatingWebhook{{
			Name: hook.name, ClientConfig: target, Rules: hook.registration(),
			FailurePolicy:           &policy,
			MatchPolicy:             ptr.To(admissionregistrationv1.Equivalent),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}}
	}
}

// registration are the webhook's rules in the apiserver's form.
func (w webhook) registration() []admissionregistrationv1.RuleWithOperations {
	list := make([]admissionregistrationv1.RuleWithOperations, 0, len(w.rules))
	for _, rule := range w.rules {
		resources := rule.resources
		if resources == nil {
			resources = []string{rule.resource}
		}
		list = append(list, admissionregistrationv1.RuleWithOperations{
			Operations: rule.operations,
			Rule: admissionregistrationv1.Rule{
				APIGroups: []string{rule.group}, APIVersions: []string{rule.version}, Resources: resources,
				Scope: ptr.To(admissionregistrationv1.AllScopes),
			},
		})
	}
	return list
}
