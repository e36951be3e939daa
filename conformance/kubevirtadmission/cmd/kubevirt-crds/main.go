// Command kubevirt-crds writes KubeVirt's own definitions into a directory: kubevirt-crds DIRECTORY. Exit codes: 0 when they
// are written, 1 when they cannot be, 2 for wrong arguments.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/conformance/kubevirtadmission"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kubevirt-crds DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "kubevirt-crds:", err)
		os.Exit(1)
	}
}

func write(directory string) error {
	files, err := kubevirtadmission.Definitions()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			return err
		}
	}

	return nil
}
