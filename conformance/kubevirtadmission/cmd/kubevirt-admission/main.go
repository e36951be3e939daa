// Command kubevirt-admission answers admission requests with KubeVirt's own code. It reads requests from standard input
// and writes answers to standard output, one JSON object a line, in the order in which they are done; it ends at the end
// of its input. The stand-in for Harvester runs it beside itself.
//
//	{"id":1,"object":{...}}                 a new virtual machine
//	{"id":2,"old":{...},"object":{...}}     a change to one
//
//	{"id":1,"object":{...}}                 it is taken, and this is what KubeVirt makes of it
//	{"id":2,"denied":"..."}                 it is refused, and this is why
//	{"id":3,"error":"..."}                  the request could not be judged
//
// Exit codes: 0 at the end of the input, 1 when the input is no such request or the output is closed, 2 for arguments.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/conformance/kubevirtadmission"
)

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Answers admission requests with KubeVirt's own code, one JSON object a line.\n\nExample:\n  echo '{\"id\":1,\"object\":{...}}' | kubevirt-admission\n")
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	judge, err := kubevirtadmission.New()
	if err == nil {
		err = kubevirtadmission.Serve(context.Background(), judge, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubevirt-admission:", err)
		os.Exit(1)
	}
}
