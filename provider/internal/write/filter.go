package write

import (
	"sigs.k8s.io/cluster-api/util/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Filter is the value of Cluster API's label cluster.x-k8s.io/watch-filter that objects must have to be worked on. The empty
// Filter lets every object pass.
//
// Each reconcile asks it, beside the predicate of its own kind: an event of another object leads to whatever is behind it,
// labelled or not.
type Filter string

// Excludes tells that an object is another manager's.
func (f Filter) Excludes(object client.Object) bool {
	return f != "" && !labels.HasWatchLabel(object, string(f))
}
