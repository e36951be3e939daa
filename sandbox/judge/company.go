package judge

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/simulator/history"
)

// clusterIDLabel tells whose a load balancer or a machine is.
const clusterIDLabel = "infrastructure.cluster.x-k8s.io/cluster-id"

// checkBackends looks for machines of other clusters. What carries no id, as what earlier releases made, is not anyone's.
func (w *world) checkBackends(event history.Event) {
	owner := event.Labels[clusterIDLabel]
	if owner == "" {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(event.Backends)) {
		if other := event.Backends[name][clusterIDLabel]; other != "" && other != owner {
			w.find(OwnBackends, event, "load balancer %s/%s of cluster %s leads to %s of cluster %s", event.Namespace, event.Name, owner, name, other)
		}
	}
}

// seeWrite follows which volumes are made for the client's VMs, and which it deletes.
func (w *world) seeWrite(event history.Event) {
	if event.Code >= http.StatusMultipleChoices {
		return
	}
	resource, _, _ := strings.Cut(event.Resource, ".")
	switch {
	case resource == "virtualmachines" && event.UID != "":
		w.seeVM(event)
	case resource != "persistentvolumeclaims" && resource != "datavolumes":
	case event.Verb == "create":
		w.volumes[event.Namespace+"/"+event.Name] = true
	case event.Verb == "delete" && !w.volumes[event.Namespace+"/"+event.Name]:
		w.find(OwnVolumes, event, "volume %s/%s was deleted and is not of a VM of the client's", event.Namespace, event.Name)
	case event.Verb == "deletecollection":
		w.find(OwnVolumes, event, "all volumes of namespace %s were deleted", event.Namespace)
	}
}

// seeVM notes the volumes that a VM of the client's has from its beginning: what is added to it later need not be the
// client's. Those that the client has Harvester delete with it have to be among them.
func (w *world) seeVM(event history.Event) {
	if !w.known[event.UID] {
		w.known[event.UID] = true
		for _, volume := range event.Volumes {
			w.volumes[event.Namespace+"/"+volume] = true
		}
	}
	for _, volume := range event.RemovedVolumes {
		if !w.volumes[event.Namespace+"/"+volume] {
			w.find(OwnVolumes, event, "volume %s/%s is to be deleted with VM %s and is not of a VM of the client's", event.Namespace, volume, event.Name)
		}
	}
}

// lossesOf are the versions at which pools lost their status by a fault. They are known before the pools' own events, as the
// fault is recorded when it has happened.
func lossesOf(events []history.Event) map[string][]uint64 {
	losses := map[string][]uint64{}
	for _, event := range events {
		if event.Kind == history.Fault && event.Resource == "ippools" {
			losses[event.Name] = append(losses[event.Name], versionOf(event))
		}
	}
	return losses
}

func versionOf(event history.Event) uint64 {
	version, err := strconv.ParseUint(event.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// before is who held a pool's addresses before an event. Entries that the pool lost by a fault were not given back: until
// their holder has them again, they are kept in mind, so that giving such an address to another owner is still found.
func (w *world) before(event history.Event) map[string]string {
	last, now := w.versions[event.Name], versionOf(event)
	w.versions[event.Name] = max(last, now)
	before := maps.Clone(w.pools[event.Name])
	byFault := slices.ContainsFunc(w.losses[event.Name], func(version uint64) bool { return last < version && version <= now })
	if byFault {
		if w.lost[event.Name] == nil {
			w.lost[event.Name] = map[string]string{}
		}
		for address, holder := range before {
			if event.Allocated[address] == "" {
				w.lost[event.Name][address] = holder
				delete(before, address)
			}
		}
	}
	for address, holder := range w.lost[event.Name] {
		if event.Allocated[address] != "" {
			if before == nil {
				before = map[string]string{}
			}
			before[address] = holder
			delete(w.lost[event.Name], address)
		}
	}
	return before
}
