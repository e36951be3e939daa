#!/usr/bin/env bash
# KubeVirt v1.7.0, the one in Harvester v1.8.0: the hostname that a guest gets in cloud-init's metadata is the VM's name up
# to the first dot. The VMs pool-v1.31-a and pool-v1.31-b are both called pool-v1.
#
# Expected by most: a valid name that differs gives a hostname that differs, with the dot replaced or the whole as a fully
# qualified name. A version in the name of a machine pool brings a dot into each of its machines' names. They then ask to be
# the same Node: RKE2 turns all but the first away as duplicates, other kubelets overwrite each other's addresses, and each
# VM by itself looks healthy. Set spec.hostname, or the hostname in the user-data.
#
# Output seen, of names that Kubernetes takes:
#   pool-v1.31-a: local-hostname pool-v1
#   pool-v1.31-b: local-hostname pool-v1
#   pool-v1.31-b with spec.hostname: local-hostname pool-v1-31-b
. "$(dirname "$0")/lib/go.sh"

# The replace block holds those of KubeVirt's own that the packages below need.
cat >go.mod <<'END'
module finding

go 1.26.0

require (
	k8s.io/apimachinery v0.33.5
	kubevirt.io/api v1.7.0
	kubevirt.io/kubevirt v1.7.0
)

replace (
	k8s.io/api => k8s.io/api v0.33.5
	k8s.io/apiextensions-apiserver => k8s.io/apiextensions-apiserver v0.33.5
	k8s.io/apimachinery => k8s.io/apimachinery v0.33.5
	k8s.io/client-go => k8s.io/client-go v0.33.5
	kubevirt.io/api => kubevirt.io/api v1.7.0
	kubevirt.io/client-go => kubevirt.io/client-go v1.7.0
)
END
cat >main.go <<'END'
package main

import (
	"fmt"
	"log"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	virtv1 "kubevirt.io/api/core/v1"
	cloudinit "kubevirt.io/kubevirt/pkg/cloud-init"
)

func show(title, name, hostname string) {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		log.Fatalf("%s is no name: %v", name, problems)
	}
	vmi := &virtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	vmi.Spec.Hostname = hostname
	vmi.Spec.Volumes = []virtv1.Volume{{Name: "seed", VolumeSource: virtv1.VolumeSource{
		CloudInitNoCloud: &virtv1.CloudInitNoCloudSource{UserData: "#cloud-config\n"},
	}}}

	data, err := cloudinit.ReadCloudInitVolumeDataSource(vmi, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: local-hostname %s\n", title, data.NoCloudMetaData.LocalHostname)
}

func main() {
	show("pool-v1.31-a", "pool-v1.31-a", "")
	show("pool-v1.31-b", "pool-v1.31-b", "")
	show("pool-v1.31-b with spec.hostname", "pool-v1.31-b", "pool-v1-31-b")
}
END
run

cat >expected <<'END'
pool-v1.31-a: local-hostname pool-v1
pool-v1.31-b: local-hostname pool-v1
pool-v1.31-b with spec.hostname: local-hostname pool-v1-31-b
END
same
