package platform

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/sshkey"
)

// KeyPairController validates SSH key pairs.
type KeyPairController struct {
	kit.Env
}

// SetupWithManager starts the controller with the manager.
func (c *KeyPairController) SetupWithManager(manager ctrl.Manager, options controller.Options) error {
	return ctrl.NewControllerManagedBy(manager).Named("keypair").For(&hciv1.KeyPair{}).WithOptions(options).Complete(c)
}

// Reconcile writes the fingerprint and the verdict.
func (c *KeyPairController) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	pair := &hciv1.KeyPair{}
	if err := c.Client.Get(ctx, request.NamespacedName, pair); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := pair.Status.DeepCopy()
	verdict, reason := corev1.ConditionTrue, ""
	_, blob, err := sshkey.Parse(pair.Spec.PublicKey)
	if err != nil {
		verdict, reason = corev1.ConditionFalse, err.Error()
	} else {
		pair.Status.FingerPrint = sshkey.Fingerprint(blob)
	}
	pair.Status.Conditions = kit.SetCondition(pair.Status.Conditions, hciv1.KeyPairValidated, verdict, "", reason, c.Clock.Now())
	if equality.Semantic.DeepEqual(before, &pair.Status) {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(c.Client.Update(ctx, pair))
}
