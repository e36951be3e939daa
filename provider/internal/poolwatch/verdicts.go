package poolwatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// existsTTL and goneTTL are how long it is believed that a VM is there, or is not. A leak is no hurry.
	existsTTL, goneTTL = 10 * time.Minute, time.Minute
	// listPage bounds one answer of Harvester, in objects.
	listPage = 500
)

type verdictKey struct{ identity, vm client.ObjectKey }

type verdict struct {
	exists bool
	until  time.Time
}

// verdicts remember for a while which VMs there are. The zero value is ready; safe for concurrent use.
type verdicts struct {
	mu    sync.Mutex
	known map[verdictKey]verdict
}

func (v *verdicts) get(key verdictKey, now time.Time) (exists, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found, known := v.known[key]
	return found.exists, known && now.Before(found.until)
}

// put remembers, and forgets what is too old.
func (v *verdicts) put(key verdictKey, exists bool, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[verdictKey]verdict{}
	}
	for other, old := range v.known {
		if !now.Before(old.until) {
			delete(v.known, other)
		}
	}
	ttl := goneTTL
	if exists {
		ttl = existsTTL
	}
	v.known[key] = verdict{exists: exists, until: now.Add(ttl)}
}

// vmsOf are the names of all VMs of a namespace, asked for live.
func vmsOf(ctx context.Context, reader client.Reader, namespace string) (map[string]bool, error) {
	found, list := map[string]bool{}, &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kubevirtv1.GroupVersion.WithKind("VirtualMachineList"))
	for {
		if err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(listPage), client.Continue(list.GetContinue())); err != nil {
			return nil, fmt.Errorf("list the VMs of namespace %s, to see whether addresses leaked: %w", namespace, err)
		}
		for i := range list.Items {
			found[list.Items[i].Name] = true
		}
		if list.GetContinue() == "" {
			return found, nil
		}
	}
}
