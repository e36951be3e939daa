// Command machines prints virtual machines that harvesterclient renders, one JSON object a line: {"name": ..., "vm": ...}.
// They are a grid: a plain machine, every value of every field, and every pair of values of two fields. It is a module
// apart from it because harvesterclient and KubeVirt's admission want different versions of Kubernetes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// line is one machine and which values it has.
type line struct {
	Name string `json:"name"`
	VM   any    `json:"vm"`
}

func main() {
	if err := print(); err != nil {
		fmt.Fprintln(os.Stderr, "machines:", err)
		os.Exit(1)
	}
}

func print() error {
	if missing := unvaried(); len(missing) > 0 {
		return fmt.Errorf("no values for fields %v", missing)
	}
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for name, description := range grid() {
		vm, err := harvesterclient.BuildVM(description)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := encoder.Encode(line{Name: name, VM: vm}); err != nil {
			return err
		}
	}

	return out.Flush()
}
