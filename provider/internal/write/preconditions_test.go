package write_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/write"
)

func TestExactlyNamesTheObjectThatWasRead(t *testing.T) {
	t.Parallel()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "uid", ResourceVersion: "7"}}
	exactly := write.Exactly(secret)
	secret.UID, secret.ResourceVersion = "other", "8"
	options := (&client.DeleteOptions{}).ApplyOptions([]client.DeleteOption{exactly})
	require.NotNil(t, options.Preconditions)
	assert.EqualValues(t, "uid", *options.Preconditions.UID)
	assert.Equal(t, "7", *options.Preconditions.ResourceVersion)
}

func TestIfUnchangedSendsTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "uid", ResourceVersion: "7"}}
	patch := write.IfUnchanged(secret)
	secret.Labels = map[string]string{"a": "b"}
	data, err := patch.Data(secret)
	require.NoError(t, err)
	sent := &metav1.PartialObjectMetadata{}
	require.NoError(t, json.Unmarshal(data, sent))
	assert.Equal(t, "7", sent.ResourceVersion)
	assert.Equal(t, map[string]string{"a": "b"}, sent.Labels)
}
