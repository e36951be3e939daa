#!/usr/bin/env bash
# Cluster API v1.14.2, package util/collections: with machines of v1.31.14+rke2r1 and v1.31.14+rke2r2 in one control
# plane, Machines.LowestVersion answers now the one, now the other, for the same machines.
#
# Expected by most: the lower of the two, or at least always the same answer. Control plane providers publish it as
# status.version, and an RKE2 upgrade from r1 to r2 has such machines side by side.
#
# Why: util/version compares build identifiers that contain letters for equality only and answers 2, "different, order
# unknown", as its documentation says. The sort behind LowestVersion breaks ties by name when the comparison is 0, but
# not when it is 2, and starts from Go's random map order. With numeric identifiers (+1, +2) the answer is stable.
#
# Output seen:
#   compare v1.31.14+rke2r1 with v1.31.14+rke2r2: 2
#   letters: 2 different answers in 200 calls
#   digits:  1 different answer in 200 calls
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/blang/semver/v4 v4.0.0
	sigs.k8s.io/cluster-api v1.14.2
	sigs.k8s.io/cluster-api/api v1.14.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/blang/semver/v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/util/collections"
	"sigs.k8s.io/cluster-api/util/version"
)

func answers(versions ...string) int {
	machines := collections.New()
	for i, v := range versions {
		machines.Insert(&clusterv1.Machine{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("cp-%d", i)},
			Spec:       clusterv1.MachineSpec{Version: v},
		})
	}

	seen := map[string]bool{}
	for range 200 {
		seen[machines.LowestVersion()] = true
	}
	return len(seen)
}

func main() {
	r1, r2 := semver.MustParse("1.31.14+rke2r1"), semver.MustParse("1.31.14+rke2r2")
	fmt.Println("compare v1.31.14+rke2r1 with v1.31.14+rke2r2:", version.Compare(r1, r2, version.WithBuildTags()))
	fmt.Println("letters:", answers("v1.31.14+rke2r1", "v1.31.14+rke2r2"), "different answers in 200 calls")
	fmt.Println("digits: ", answers("v1.31.14+1", "v1.31.14+2"), "different answer in 200 calls")
}
EOF
run

cat >expected <<'EOF'
compare v1.31.14+rke2r1 with v1.31.14+rke2r2: 2
letters: 2 different answers in 200 calls
digits:  1 different answer in 200 calls
EOF
same
