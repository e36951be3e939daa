package webhook

import (
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

// resources are the plural names of the kinds that are validated.
var resources = []string{"harvesterclusters", "harvesterclustertemplates", "harvestermachines", "harvestermachinetemplates"}

// path is where the webhook of a resource is served, in the form that controller-runtime gives such paths.
func path(resource string) string {
	group := strings.ReplaceAll(infrav1.GroupVersion.Group, ".", "-")
	return "/validate-" + group + "-" + infrav1.GroupVersion.Version + "-" + singular(resource)
}

func singular(resource string) string { return strings.TrimSuffix(resource, "s") }

// Register serves the webhooks of all kinds with the manager's webhook server.
func Register(mgr ctrl.Manager) error {
	engine, err := validation.NewEngine()
	if err != nil {
		return err
	}
	for _, resource := range resources {
		mgr.GetWebhookServer().Register(path(resource), &webhook.Admission{Handler: &Handler{Engine: engine}})
	}
	return nil
}
