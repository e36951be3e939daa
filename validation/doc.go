// Package validation validates HarvesterClusters, HarvesterMachines and their templates by one set of rules, wherever the
// question comes up: in the admission webhook, in caphv-lint, in a pull request.
//
// The rules are data: one YAML file per kind under rules, each rule with an id, a severity, a place in the object, an
// expression in Kubernetes' dialect of CEL, a message and a way to fix it. The main type is Engine: NewEngine
// compiles the rules once, Validate evaluates them on one object and returns Findings, sorted and with exact paths.
//
// The package reads objects as plain maps, so it depends on no API types. It asks no server and looks at one object
// at a time. It refuses to validate kinds it does not know, changes no object, and never puts a value that could be a
// secret into a finding.
package validation
