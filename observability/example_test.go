package observability_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
)

func ExampleNew() {
	registry := prometheus.NewRegistry()
	metrics, err := observability.New(registry)
	if err != nil {
		fmt.Println(err)
		return
	}

	metrics.RecordMachineCreate(nil)
	metrics.ObserveMachineCreation(42 * time.Second)
	metrics.RecordMachineCreate(errors.New("quota exceeded"))

	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, family := range families {
		if name := family.GetName(); name == observability.MachineCreateTotal || name == observability.MachineCreateErrorsTotal {
			fmt.Println(name, family.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output:
	// caphv_machine_create_errors_total 1
	// caphv_machine_create_total 2
}
