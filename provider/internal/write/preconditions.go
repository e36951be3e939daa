package write

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Exactly are the preconditions of a deletion: the object is deleted only if it is the very one, in the very state, that
// was judged. What was made under its name since, and what was changed since, gives a conflict.
func Exactly(object client.Object) client.Preconditions {
	uid, version := object.GetUID(), object.GetResourceVersion()
	return client.Preconditions{UID: &uid, ResourceVersion: &version}
}

// IfUnchanged begins a merge patch of an object as it is now: change the object, and send it with what this returns. If anyone
// wrote to the object since it was read, or made another one of its name, the answer is a conflict and nothing is written.
func IfUnchanged(object client.Object) client.Patch {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok { // No client.Object is copied into something else.
		before = object
	}
	return client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
}
