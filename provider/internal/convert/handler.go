package convert

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/conversion"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1alpha1"
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Path is where the webhook is served; config/crd/patches names it too.
const Path = "/convert"

// Register serves the webhook with the manager's webhook server.
func Register(mgr ctrl.Manager) error {
	handler, err := NewHandler()
	if err != nil {
		return err
	}
	mgr.GetWebhookServer().Register(Path, handler)
	return nil
}

// NewHandler returns the webhook. It is safe for concurrent use. It knows both versions by a scheme of its own, so that
// the rest of the manager knows v1beta1 only.
func NewHandler() (http.Handler, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, infrav1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("set up the conversion webhook: %w", err)
		}
	}
	registry := conversion.NewRegistry()
	for _, register := range []func(*runtime.Scheme, conversion.Registry) error{
		converter(v1alpha1.ClusterToHub, v1alpha1.ClusterFromHub),
		converter(v1alpha1.ClusterTemplateToHub, v1alpha1.ClusterTemplateFromHub),
		converter(v1alpha1.MachineToHub, v1alpha1.MachineFromHub),
		converter(v1alpha1.MachineTemplateToHub, v1alpha1.MachineTemplateFromHub),
	} {
		if err := register(scheme, registry); err != nil {
			return nil, fmt.Errorf("set up the conversion webhook: %w", err)
		}
	}
	return conversion.NewWebhookHandler(scheme, registry), nil
}

// pointer is a pointer to a kind.
type pointer[T any] interface {
	*T
	client.Object
}

// converter registers the conversions of one kind.
func converter[S, H any, PS pointer[S], PH pointer[H]](toHub func(PS, PH) error, fromHub func(PH, PS) error) func(*runtime.Scheme, conversion.Registry) error {
	return func(scheme *runtime.Scheme, registry conversion.Registry) error {
		spoke := conversion.NewSpokeConverter[PH](PS(new(S)),
			func(_ context.Context, src PH, dst PS) error { return fromHub(src, dst) },
			func(_ context.Context, src PS, dst PH) error { return toHub(src, dst) })
		built, err := conversion.NewHubSpokeConverter(PH(new(H)), spoke)(scheme)
		if err != nil {
			return err
		}
		kinds, _, err := scheme.ObjectKinds(PH(new(H)))
		if err != nil {
			return err
		}
		return registry.RegisterConverter(kinds[0].GroupKind(), built)
	}
}
