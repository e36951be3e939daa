// Package build makes the programs the sandbox runs, from Go modules alone.
//
// [Builder.Build] puts etcd, kube-apiserver, kube-controller-manager and
// kubectl (one binary of several names), Cluster API core's manager, RKE2's two
// managers, KubeVirt's admission, CAPHV's manager and caphv-generate into
// <repository>/bin, with the install manifests of the third-party managers
// beside them. A third-party program is built once: a stamp remembers what it
// was built from. Ours are given to the go command every time, which knows
// better than a stamp whether anything changed.
//
// Every build shows that it is alive: the first Kubernetes build takes several
// minutes.
//
// It downloads nothing itself, needs no network beyond what the go command
// needs for modules, and does not install a Go toolchain.
package build
