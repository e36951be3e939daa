// Package virtapi answers admission requests as KubeVirt's virt-api does, because the code that answers them is KubeVirt's
// own: program kubevirt-admission of conformance/kubevirtadmission, run as a child process. (The code cannot be linked in:
// it wants another Kubernetes than the rest of the sandbox.)
//
// API is the running program. It is started again when it dies, and ends with whoever started it, even if that is killed.
package virtapi
