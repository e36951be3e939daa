package simulator_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator"
)

// A Harvester with two pools, which then answers every request about pools with 503.
func Example() {
	ctx := context.Background()
	harvester, err := simulator.Start(ctx, simulator.Options{WithoutKubeVirt: true})
	if err != nil {
		log.Print(err)
		return
	}
	defer func() {
		if err := harvester.Stop(ctx); err != nil {
			log.Print(err)
		}
	}()

	if err := harvester.Seed(ctx, simulator.DefaultSeed()); err != nil {
		log.Print(err)
		return
	}

	config, err := clientcmd.RESTConfigFromKubeConfig(harvester.Kubeconfig())
	if err != nil {
		log.Print(err)
		return
	}
	c, err := client.New(config, client.Options{Scheme: simulator.NewScheme()})
	if err != nil {
		log.Print(err)
		return
	}
	pools := &lbv1.IPPoolList{}
	if err := c.List(ctx, pools); err != nil {
		log.Print(err)
		return
	}
	for _, pool := range pools.Items {
		fmt.Printf("%s has %d addresses\n", pool.Name, pool.Status.Total)
	}

	err = harvester.Faults().Add(simulator.Rule{Name: "no pools", Resources: []string{"ippools"}, Status: http.StatusServiceUnavailable})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println("unavailable:", apierrors.IsServiceUnavailable(c.List(ctx, pools)))
	// Output:
	// capi-lb-pool has 90 addresses
	// capi-vm-pool has 90 addresses
	// unavailable: true
}
