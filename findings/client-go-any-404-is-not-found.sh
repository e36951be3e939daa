#!/usr/bin/env bash
# client-go v0.36.3 and controller-runtime v0.24.1: whatever answers 404 makes the error "not found" of the object: a
# proxy's HTML page, or an API server that does not serve the resource. IgnoreNotFound turns its deletion into a success.
#
# Expected by most: IsNotFound says that an API server looked and has no such object. A management cluster reaches
# Harvester through an ingress and Rancher's proxy. While a route is missing there, or KubeVirt's CRDs are, every VM seems
# to have vanished: a controller makes machines anew, frees addresses in use, and drops finalizers. Only the causes in
# the status tell it from a true answer: they contain UnexpectedServerResponse.
#
# Output seen, for the Get and the Delete of a VM that may well exist:
#   page of an ingress:     get: not found, causes [UnexpectedServerResponse]; delete, not found ignored: <nil>
#   resource not served:    get: not found, causes [UnexpectedServerResponse]; delete, not found ignored: <nil>
#   API server that looked: get: not found, causes []; delete, not found ignored: <nil>
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	k8s.io/apimachinery v0.36.3
	k8s.io/client-go v0.36.3
	sigs.k8s.io/controller-runtime v0.24.1
)
END
cat >main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const looked = `{"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
	"message": "virtualmachines.kubevirt.io \"demo-1\" not found",
	"details": {"name": "demo-1", "group": "kubevirt.io", "kind": "virtualmachines"}}`

func try(name, contentType, body string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, body)
	}))
	defer server.Close()

	kind := schema.GroupVersionKind{Group: "kubevirt.io", Version: "v1", Kind: "VirtualMachine"}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	harvester, err := client.New(&rest.Config{Host: server.URL}, client.Options{Mapper: mapper})
	if err != nil {
		log.Fatal(err)
	}

	vm := &unstructured.Unstructured{}
	vm.SetGroupVersionKind(kind)
	vm.SetNamespace("default")
	vm.SetName("demo-1")
	err = harvester.Get(context.Background(), client.ObjectKeyFromObject(vm), vm)
	found := "found"
	if apierrors.IsNotFound(err) {
		found = "not found"
	}
	causes := []metav1.CauseType{}
	if status := apierrors.APIStatus(nil); errors.As(err, &status) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			causes = append(causes, cause.Type)
		}
	}
	err = client.IgnoreNotFound(harvester.Delete(context.Background(), vm))
	fmt.Printf("%-23s get: %s, causes %v; delete, not found ignored: %v\n", name+":", found, causes, err)
}

func main() {
	try("page of an ingress", "text/html", "<html><body><h1>404 Not Found</h1></body></html>")
	try("resource not served", "text/plain; charset=utf-8", "404 page not found\n")
	try("API server that looked", "application/json", looked)
}
END
run

cat >expected <<'END'
page of an ingress:     get: not found, causes [UnexpectedServerResponse]; delete, not found ignored: <nil>
resource not served:    get: not found, causes [UnexpectedServerResponse]; delete, not found ignored: <nil>
API server that looked: get: not found, causes []; delete, not found ignored: <nil>
END
same
