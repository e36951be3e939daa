package validation_test

import (
	"fmt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

func ExampleEngine_Validate() {
	engine, err := validation.NewEngine()
	if err != nil {
		fmt.Println(err)
		return
	}
	machine := map[string]any{
		"apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1",
		"kind":       "HarvesterMachine",
		"spec": map[string]any{
			"cpu": int64(4), "memory": "8 GB", "sshUser": "sles", "sshKeyPair": "default/key",
			"networks": []any{"default/production"},
			"volumes":  []any{map[string]any{"volumeType": "image"}},
		},
	}
	for _, finding := range engine.Validate(machine, nil, validation.Options{}) {
		fmt.Println(finding)
	}
	// Output:
	// error: spec.memory: must be a positive Kubernetes quantity, not "8 GB" [HM003]
	// error: spec.volumes[0].imageName: is required when volumeType is "image" [HM008]
}
