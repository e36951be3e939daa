// Package harvesterclient talks to Harvester HCI: it connects with whatever kubeconfig a user holds,
// keeps one watched and cached connection for each identity, and knows how Harvester wants its
// virtual machines built, changed and taken away.
//
// The main type is Connections. It hands out a Connection for an identity Secret, replaces it when
// the Secret's content changes, keeps an unreachable Harvester from holding up the others, and gives
// controller-runtime sources that receive the events of all Harvesters, those known now and those
// connected later.
//
// What can be decided from values is a function of values: BuildVM, RemovedDisks, DescribeVM, Classify,
// ParseVersion and Version.Quirks touch no network.
//
// The package refuses kubeconfigs that run programs or read files, because a kubeconfig travels in a
// Secret and must mean the same everywhere. It refuses to replace the spec of a virtual machine,
// because other controllers patch disks into it. Its errors name the field or object at fault and
// never hold a credential.
package harvesterclient
