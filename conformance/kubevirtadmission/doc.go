// Package kubevirtadmission validates virtual machines by KubeVirt's own admission code, in this process: the mutators and
// validators that virt-api of kubevirt.io/kubevirt v1.7.0 runs, which is what Harvester v1.8.0 ships, with the
// configuration that Harvester's chart gives KubeVirt.
//
// It is a module apart because the upstream module needs its block of replace directives and Kubernetes 0.33. Machines
// therefore come in as JSON. The simulator for Harvester runs the command kubevirt-admission for the same answers.
package kubevirtadmission
