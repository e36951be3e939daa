//go:build linux

// Command pod-shim is what stands between the sandbox's container runtime and a Pod's processes.
//
//	pod-shim pause               holds a Pod's network namespace
//	pod-shim run -net PID ...    starts a container in that namespace, and ends as it ends
//	pod-shim init                runs inside: makes the root file system, and becomes the container's program
//
// It is small, as a copy of it runs for each Pod and each container.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// failed is the exit code of a container that could not be started.
const failed = 128

func main() {
	if len(os.Args) < 2 {
		fail("pod-shim is started by the node's runtime: pause, run or init")
	}
	switch os.Args[1] {
	case "pause":
		pause()
	case "run":
		run(os.Args[2:])
	case "init":
		become()
	default:
		fail("pod-shim: %q is none of pause, run, init", os.Args[1])
	}
}

// pause does nothing until it is told to end.
func pause() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
}

// fail ends with a message in the container's log.
func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(failed)
}

// must ends if something that the container needs failed.
func must(err error, format string, arguments ...any) {
	if err != nil {
		fail("starting the container: "+format+": %v", append(arguments, err)...)
	}
}
