//go:build linux

// Command node is what makes a machine a node, in one binary: kubelet and kube-scheduler. It runs the one whose name it was
// called by, or whose name is its first argument.
//
// It is apart from the API server's binary, as few tests need a node, and those that do not should not wait for its compiler.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	if !known(name) && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	os.Exit(run(name))
}

func known(name string) bool { return name == "kubelet" || name == "kube-scheduler" }

func run(name string) int {
	switch name {
	case "kube-scheduler":
		return cli.Run(scheduler.NewSchedulerCommand())
	case "kubelet":
		return cli.Run(newKubeletCommand())
	}
	fmt.Fprintf(os.Stderr, "%q is none of kubelet, kube-scheduler\n", name)
	return 2
}
