package harvestercluster

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// reverify is how long the cloud provider's account on Harvester is taken to be as it was. Nothing tells when somebody
// changes it, and looking at each reconcile would cost five requests.
const reverify = 10 * time.Minute

// verifications remember what was found right about the cloud provider's configuration of each cluster. They only spare
// requests: a manager that knows nothing looks again. The zero value is ready; safe for concurrent use.
type verifications struct {
	mu    sync.Mutex
	known map[types.UID]verification
}

type verification struct {
	// manifest is the version of the ConfigMap, connection the one by which Harvester was looked at.
	manifest   string
	connection *harvesterclient.Connection
	at         time.Time
}

// recently tells whether all was right a short while ago, and nothing that can be seen from here has changed since.
func (v *verifications) recently(s *scope, manifest *corev1.ConfigMap, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	last, found := v.known[s.infra.UID]
	return found && last.manifest == manifest.ResourceVersion && last.connection == s.harvester && now.Sub(last.at) < reverify
}

func (v *verifications) remember(s *scope, manifest *corev1.ConfigMap, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[types.UID]verification{}
	}
	v.known[s.infra.UID] = verification{manifest: manifest.ResourceVersion, connection: s.harvester, at: now}
}

func (v *verifications) forget(cluster types.UID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.known, cluster)
}
