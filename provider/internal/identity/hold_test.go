package identity

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

func TestSecretIsHeldByThoseWhoMayUseIt(t *testing.T) {
	t.Parallel()
	secret := secretMetadata()
	secret.Namespace, secret.Name = "team", "harvester"
	secret.Annotations = map[string]string{infrav1.AllowedNamespacesAnnotation: "guests"}
	key := client.ObjectKey{Namespace: "team", Name: "harvester"}
	for name, test := range map[string]struct {
		users []user
		held  bool
	}{
		"no one":                     {nil, false},
		"its own namespace":          {[]user{{"team", key}}, true},
		"a namespace it allows":      {[]user{{"guests", key}}, true},
		"a namespace it does not":    {[]user{{"others", key}}, false},
		"another Secret":             {[]user{{"team", client.ObjectKey{Namespace: "team", Name: "other"}}}, false},
		"the same name elsewhere":    {[]user{{"team", client.ObjectKey{Namespace: "other", Name: "harvester"}}}, false},
		"one of several":             {[]user{{"others", key}, {"guests", key}}, true},
		"one that names none at all": {[]user{{"team", client.ObjectKey{}}}, false},
	} {
		assert.Equal(t, test.held, held(secret, test.users), name)
	}
}

// The content of an identity Secret may be swapped for that of another Harvester by mistake.
func TestServerIsTheOneThatEverythingWasMadeOn(t *testing.T) {
	t.Parallel()
	pinned := func(confirmed string) map[string]string {
		annotations := map[string]string{infrav1.HarvesterUIDAnnotation: "first"}
		if confirmed != "" {
			annotations[infrav1.ConfirmHarvesterAnnotation] = confirmed
		}
		return annotations
	}
	for name, test := range map[string]struct {
		annotations map[string]string
		seen        string
		message     string
	}{
		"not pinned":                       {nil, "first", ""},
		"not pinned and not readable":      {nil, "", ""},
		"the same":                         {pinned(""), "first", ""},
		"another":                          {pinned(""), "second", infrav1.ConfirmHarvesterAnnotation + "=second"},
		"another, confirmed":               {pinned("second"), "second", ""},
		"another, with another confirmed":  {pinned("third"), "second", infrav1.ConfirmHarvesterAnnotation + "=second"},
		"another, confirmed without a UID": {pinned("true"), "second", infrav1.ConfirmHarvesterAnnotation + "=second"},
		"pinned and not readable":          {pinned(""), "", "get on namespaces"},
	} {
		err := judgeServer(test.annotations, test.seen)
		if test.message == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, phase.ErrOtherHarvester, name)
		assert.ErrorContains(t, err, test.message, name)
	}
}

func TestHandlersFollowASecretThatIsNamedNoMore(t *testing.T) {
	t.Parallel()
	cluster := &infrav1.HarvesterCluster{Spec: infrav1.HarvesterClusterSpec{IdentitySecret: infrav1.SecretReference{Namespace: "a", Name: "b"}}}
	assert.Equal(t, client.ObjectKey{Namespace: "a", Name: "b"}, secretKeyOf(cluster))
	assert.Equal(t, client.ObjectKey{}, secretKeyOf(&metav1.PartialObjectMetadata{}))
}
