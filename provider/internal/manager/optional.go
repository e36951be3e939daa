package manager

import (
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/optional"
)

func (o *Options) addOptional(flags *pflag.FlagSet) {
	flags.BoolVar(&o.CreateServiceMonitor, "create-service-monitor", o.CreateServiceMonitor, "Create the ServiceMonitor of the metrics in the manager's namespace, if it is missing and the cluster knows the kind.")
	flags.BoolVar(&o.CreatePrometheusRule, "create-prometheus-rule", o.CreatePrometheusRule, "Create the PrometheusRule with the alerts in the manager's namespace, if it is missing and the cluster knows the kind.")
	flags.BoolVar(&o.CreateClusterClass, "create-cluster-class", o.CreateClusterClass, "Create ClusterClass harvester-rke2 with its templates in the manager's namespace, if they are missing and the cluster knows the kinds.")
}

// optionalSets are what the options want created.
func (o *Options) optionalSets() ([]optional.Set, error) {
	var sets []optional.Set
	for _, choice := range []struct {
		wanted bool
		make   func() (optional.Set, error)
	}{
		{o.CreateServiceMonitor && o.MetricsAddress != "0", optional.ServiceMonitor},
		{o.CreatePrometheusRule && o.MetricsAddress != "0", optional.PrometheusRule},
		{o.CreateClusterClass, optional.ClusterClass},
	} {
		if !choice.wanted {
			continue
		}
		set, err := choice.make()
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// addOptionalObjects creates what a cluster may not know the kinds of. Outside of a cluster nothing is created.
func addOptionalObjects(mgr ctrl.Manager, options Options) error {
	sets, err := options.optionalSets()
	if err != nil || len(sets) == 0 || podNamespace() == "" {
		return err
	}
	objects := &optional.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Namespace: podNamespace(), Sets: sets}
	return objects.SetupWithManager(mgr, controllerOptions(1))
}
