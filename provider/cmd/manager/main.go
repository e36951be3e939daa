// Command manager is the controller manager of the Cluster API provider for Harvester.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/logs"
	logsv1 "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager"
)

// gcPercent is how much the heap grows before it is collected, in percent of what is in use. Most of it is caches, which
// stay: to let it double costs more memory than the collections cost time. The environment variable GOGC goes before it.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := run(); err != nil {
		klog.Background().Error(err, "The manager stopped")
		klog.Flush()
		os.Exit(1)
	}
}

func run() error {
	options := manager.DefaultOptions()
	logging := logs.NewOptions()
	flags := manager.NewFlagSet(&options, logging)
	if err := flags.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	if options.ShowVersion {
		fmt.Println(manager.Version(), manager.Revision())
		return nil
	}
	if err := logsv1.ValidateAndApply(logging, nil); err != nil {
		return fmt.Errorf("set up logging: %w", err)
	}
	ctrl.SetLogger(klog.Background())
	config, err := restConfig(options.Kubeconfig)
	if err != nil {
		return fmt.Errorf("find the management cluster: %w", err)
	}
	return manager.Run(ctrl.SetupSignalHandler(), config, options)
}

// restConfig finds the management cluster: by the file that was named, else by the usual rules.
func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig != "" {
		return clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	return ctrl.GetConfig()
}
