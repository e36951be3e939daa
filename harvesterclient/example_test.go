package harvesterclient_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// A tool that lists the IP pools of a Harvester, starts a virtual machine and follows it until it runs.
func ExampleConnections() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	kubeconfig, err := os.ReadFile("harvester.yaml")
	if err != nil {
		log.Print(err)
		return
	}
	connections := harvesterclient.NewConnections(harvesterclient.Options{UserAgent: "my-tool"})
	go func() { _ = connections.Start(ctx) }()
	harvester, err := connections.Get(ctx, client.ObjectKey{Name: "mine"}, kubeconfig)
	if err != nil {
		log.Print(err)
		return
	}
	pools := &lbv1.IPPoolList{}
	if err := harvester.Cache().List(ctx, pools); err != nil {
		log.Print(err)
		return
	}
	for _, pool := range pools.Items {
		fmt.Printf("%s: %d of %d addresses free\n", pool.Name, pool.Status.Available, pool.Status.Total)
	}
	machine := client.ObjectKey{Namespace: "default", Name: "my-vm"}
	if err := harvester.Power().Start(ctx, machine); err != nil {
		log.Print(err)
		return
	}
	vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
	for range time.Tick(time.Second) { // the cache is in memory: looking costs nothing
		if harvester.Cache().Get(ctx, machine, vm) != nil || harvester.Cache().Get(ctx, machine, vmi) != nil {
			continue
		}
		state := harvesterclient.DescribeVM(vm, vmi)
		fmt.Println(state.Phase, state.Addresses)
		if state.Phase == harvesterclient.PhaseRunning {
			return
		}
	}
}

// From a description to the object that Harvester takes.
func ExampleBuildVM() {
	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: "default", Name: "worker-1",
		CPU: 4, Memory: resource.MustParse("8Gi"),
		Disks: []harvesterclient.Disk{{
			Name: "disk-0", PVCName: "worker-1-disk-0", Size: resource.MustParse("40Gi"), BootOrder: 1,
			ImageID: "default/image-x7k2p", StorageClassName: "longhorn-image-x7k2p",
		}},
		NICs:            []harvesterclient.NIC{{Name: "nic-0", Network: "default/vlan10"}},
		CloudInitSecret: "worker-1-cloud-init",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vm.Name, *vm.Spec.RunStrategy, *vm.Spec.Template.Spec.EvictionStrategy)
	fmt.Println("deleted with it:", harvesterclient.RemovedDisks(vm))
	// Output:
	// worker-1 RerunOnFailure LiveMigrateIfPossible
	// deleted with it: [worker-1-disk-0]
}

// What differs between versions of Harvester is a table.
func ExampleVersion_Has() {
	for _, raw := range []string{"v1.7.1", "v1.8.0", "v1.9.0-rc4"} {
		version := harvesterclient.ParseVersion(raw)
		fmt.Println(version, version.Has(harvesterclient.QuirkDeclarativeHotplug), version.Has(harvesterclient.QuirkIngressExposeService))
	}
	// Output:
	// v1.7.1 false true
	// v1.8.0 true true
	// v1.9.0-rc4 true false
}
