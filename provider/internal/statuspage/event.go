package statuspage

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// mostEvents is how many events a page shows.
const mostEvents = 50

// Event is one event of the management cluster.
type Event struct {
	// Time is when it was seen last.
	Time    time.Time `json:"time"`
	Warning bool      `json:"warning"`
	Kind    string    `json:"kind"`
	// Object is "namespace/name".
	Object  string `json:"object"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Count is how often it was seen.
	Count int32 `json:"count"`
}

// latestEvents are the newest events, of one cluster if it is named.
func latestEvents(events []corev1.Event, cluster string, s Snapshot) []Event {
	made := []Event{}
	ours := objectsOf(cluster, s)
	for i := range events {
		if one := newEvent(&events[i]); cluster == "" || ours[one.Kind+" "+one.Object] {
			made = append(made, one)
		}
	}
	slices.SortStableFunc(made, func(a, b Event) int { return b.Time.Compare(a.Time) })
	return made[:min(len(made), mostEvents)]
}

func newEvent(event *corev1.Event) Event {
	object := event.InvolvedObject
	made := Event{
		Time: event.LastTimestamp.UTC(), Warning: event.Type == corev1.EventTypeWarning, Kind: object.Kind,
		Object: client.ObjectKey{Namespace: object.Namespace, Name: object.Name}.String(),
		Reason: event.Reason, Message: event.Message, Count: max(1, event.Count),
	}
	if event.EventTime.After(made.Time) {
		made.Time = event.EventTime.UTC()
	}
	if series := event.Series; series != nil {
		made.Count = max(made.Count, series.Count)
		if series.LastObservedTime.After(made.Time) {
			made.Time = series.LastObservedTime.UTC()
		}
	}
	return made
}

// objectsOf are the objects of one cluster, each as "Kind namespace/name".
func objectsOf(cluster string, s Snapshot) map[string]bool {
	found := map[string]bool{"Cluster " + cluster: true}
	for i := range s.Clusters {
		if client.ObjectKeyFromObject(&s.Clusters[i]).String() == cluster {
			found["HarvesterCluster "+infraKey(&s.Clusters[i]).String()] = true
		}
	}
	add := func(kind string, object client.Object) {
		if object.GetNamespace()+"/"+object.GetLabels()[clusterv1.ClusterNameLabel] == cluster {
			found[kind+" "+client.ObjectKeyFromObject(object).String()] = true
		}
	}
	for i := range s.Machines {
		add("Machine", &s.Machines[i])
	}
	for i := range s.InfraMachines {
		add("HarvesterMachine", &s.InfraMachines[i])
	}
	return found
}
