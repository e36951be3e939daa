package simulator

import (
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/apiproxy"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/internal/kubevirt"
)

type (
	// Faults break the API for clients that reach it by Harvester.Kubeconfig. Safe for concurrent use.
	Faults = apiproxy.Faults
	// Rule breaks requests of a kind in one way.
	Rule = apiproxy.Rule
	// ConnectionState is what happens to connections to the API.
	ConnectionState = apiproxy.ConnectionState
	// Requests counts the requests to the API. Safe for concurrent use.
	Requests = apiproxy.Counts
	// RequestKind is what requests are counted by.
	RequestKind = apiproxy.Key
	// VMFaults break VMs. Safe for concurrent use.
	VMFaults = kubevirt.Faults
)

// What happens to connections to the API.
const (
	// Open lets connections through.
	Open = apiproxy.Open
	// Refused has no listener: connecting fails at once.
	Refused = apiproxy.Refused
	// Cut accepts connections and resets them.
	Cut = apiproxy.Cut
)

// ErrInvalidRule is returned for a rule that cannot be obeyed.
var ErrInvalidRule = apiproxy.ErrInvalidRule
