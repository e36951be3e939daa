package harvestertypes

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"kubevirt.io/client-go/kubevirt"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// KubeVirt's own typed client sends the machine that we build to the place where we would, and reads it back whole.
func TestKubeVirtClientReadsWhatWeBuild(t *testing.T) {
	t.Parallel()
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		w.Header().Set("Content-Type", "application/json")
		_, err = w.Write(body)
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	client, err := kubevirt.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	require.NoError(t, err)

	vm, err := harvesterclient.BuildVM(harvesterclient.VM{
		Namespace: "vms", Name: "a", CPU: 2, Memory: resource.MustParse("4Gi"), EFI: true, SecureBoot: true, TPM: true,
		Disks:           []harvesterclient.Disk{{Name: "disk-0", PVCName: "a-disk-0", Size: resource.MustParse("40Gi"), ImageID: "default/i", BootOrder: 1}},
		NICs:            []harvesterclient.NIC{{Name: "nic-0", Network: "default/n"}},
		CloudInitSecret: "a-cloud-init",
	})
	require.NoError(t, err)
	returned, err := client.KubevirtV1().VirtualMachines("vms").Create(t.Context(), vm, metav1.CreateOptions{})
	require.NoError(t, err)
	assert.Equal(t, "POST /apis/kubevirt.io/v1/namespaces/vms/virtualmachines", path)
	returned.TypeMeta = vm.TypeMeta // typed clients leave it out
	sent, err := json.Marshal(vm)
	require.NoError(t, err)
	got, err := json.Marshal(returned)
	require.NoError(t, err)
	assert.JSONEq(t, string(sent), string(got))
}
