// Command kubevirt-admission answers admission requests with KubeVirt's own code, as virt-api would. It reads requests from
// standard input and writes answers to standard output, one JSON object a line, in the order in which they are done; it
// ends at the end of its input. KubeVirt's log goes to standard error. The simulator for Harvester runs it beside itself.
//
//	{"id":1}                                                          does anybody answer?
//	{"id":2,"webhook":"/virtualmachines-mutate","request":{...}}      an AdmissionRequest to the webhook of this path
//	{"id":3,"webhook":"/virtualmachines-validate","request":{...}}
//
//	{"id":1}                                                          yes
//	{"id":2,"response":{"allowed":true,"patch":"..."}}                the AdmissionResponse
//	{"id":3,"error":"..."}                                            virt-api would not answer, and this is why
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
		fmt.Fprint(flag.CommandLine.Output(), "Answers admission requests with KubeVirt's own code, one JSON object a line.\n\nExample:\n  echo '{\"id\":1,\"webhook\":\"/virtualmachines-validate\",\"request\":{...}}' | kubevirt-admission\n")
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	admission, err := kubevirtadmission.New()
	if err == nil {
		err = kubevirtadmission.Serve(context.Background(), admission, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubevirt-admission:", err)
		os.Exit(1)
	}
}
