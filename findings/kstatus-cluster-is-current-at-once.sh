#!/usr/bin/env bash
# kstatus (fluxcd/cli-utils v1.2.2, the one in Helm v4.3.2) and Cluster API v1.14.2: a Cluster of v1beta2 whose conditions
# all say False is "Current", which is what `helm install --wait` and Flux's `wait: true` wait for.
#
# Expected by most: waiting for a Cluster waits until it works, as it does for the same Cluster in v1beta1. kstatus looks
# at the condition Ready, and a kind without it counts as current. In v1beta2, Cluster and MachineDeployment have Available
# in its place, and only Machine has Ready. Raising the apiVersion in a chart ends the wait at once and without an error,
# and what comes next (the CNI, the applications) starts against a cluster that is not there. Wait for the condition by
# name, `kubectl wait --for=condition=Available`.
#
# Output seen, of objects of Cluster API's types, with their generation observed and all conditions False:
#   v1beta1 Cluster: InProgress
#   v1beta2 Cluster: Current
#   v1beta2 MachineDeployment: Current
#   v1beta2 Machine: InProgress
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'END'
module finding

go 1.26.0

require (
	github.com/fluxcd/cli-utils v1.2.2
	sigs.k8s.io/cluster-api/api v1.14.2
)
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"log"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	v1beta1 "sigs.k8s.io/cluster-api/api/core/v1beta1"
	v1beta2 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

func judge(name string, object runtime.Object) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		log.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", name, result.Status)
}

func unmet(conditions ...string) []metav1.Condition {
	var list []metav1.Condition
	for _, condition := range conditions {
		list = append(list, metav1.Condition{Type: condition, Status: metav1.ConditionFalse, Reason: "WaitingForInfrastructure"})
	}
	return list
}

func main() {
	meta := metav1.ObjectMeta{Name: "demo", Generation: 1}
	old := &v1beta1.Cluster{ObjectMeta: meta, Status: v1beta1.ClusterStatus{ObservedGeneration: 1}}
	old.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("Cluster"))
	old.Status.Conditions = v1beta1.Conditions{{Type: v1beta1.ReadyCondition, Status: "False"}}
	judge("v1beta1 Cluster", old)

	cluster := &v1beta2.Cluster{ObjectMeta: meta, Status: v1beta2.ClusterStatus{ObservedGeneration: 1}}
	cluster.SetGroupVersionKind(v1beta2.GroupVersion.WithKind("Cluster"))
	cluster.Status.Conditions = unmet(v1beta2.ClusterAvailableCondition, v1beta2.ClusterInfrastructureReadyCondition,
		v1beta2.ClusterControlPlaneInitializedCondition, v1beta2.ClusterControlPlaneAvailableCondition)
	judge("v1beta2 Cluster", cluster)

	workers := &v1beta2.MachineDeployment{ObjectMeta: meta, Status: v1beta2.MachineDeploymentStatus{ObservedGeneration: 1}}
	workers.SetGroupVersionKind(v1beta2.GroupVersion.WithKind("MachineDeployment"))
	workers.Status.Conditions = unmet(v1beta2.MachineDeploymentAvailableCondition, v1beta2.MachineDeploymentMachinesReadyCondition)
	judge("v1beta2 MachineDeployment", workers)

	machine := &v1beta2.Machine{ObjectMeta: meta, Status: v1beta2.MachineStatus{ObservedGeneration: 1}}
	machine.SetGroupVersionKind(v1beta2.GroupVersion.WithKind("Machine"))
	machine.Status.Conditions = unmet(v1beta2.MachineReadyCondition, v1beta2.MachineAvailableCondition)
	judge("v1beta2 Machine", machine)
}
END
run

cat >expected <<'END'
v1beta1 Cluster: InProgress
v1beta2 Cluster: Current
v1beta2 MachineDeployment: Current
v1beta2 Machine: InProgress
END
same
