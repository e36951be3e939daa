package harvesterclient

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kubevirtAPI answers like KubeVirt's API for subresources, and notes what it was asked.
func kubevirtAPI(t *testing.T, code int, body string) (power *Power, asked *string) {
	t.Helper()
	asked = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		*asked = r.Method + " " + r.URL.Path + " " + string(data)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	power, err := NewPower(&rest.Config{Host: server.URL + "/k8s/clusters/c-1"}, nil)
	require.NoError(t, err)

	return power, asked
}

var powerKey = client.ObjectKey{Namespace: "vms", Name: "a"}

func TestPowerAsks(t *testing.T) {
	t.Parallel()
	const root = "PUT /k8s/clusters/c-1/apis/subresources.kubevirt.io/v1/namespaces/vms/"
	for want, operate := range map[string]func(*Power) error{
		root + "virtualmachines/a/start {}":              func(p *Power) error { return p.Start(t.Context(), powerKey) },
		root + "virtualmachines/a/stop {}":               func(p *Power) error { return p.Stop(t.Context(), powerKey) },
		root + "virtualmachines/a/restart {}":            func(p *Power) error { return p.Restart(t.Context(), powerKey) },
		root + "virtualmachines/a/migrate {}":            func(p *Power) error { return p.Migrate(t.Context(), powerKey) },
		root + "virtualmachineinstances/a/softreboot {}": func(p *Power) error { return p.SoftReboot(t.Context(), powerKey) },
	} {
		power, asked := kubevirtAPI(t, http.StatusAccepted, "")
		require.NoError(t, operate(power))
		assert.Equal(t, want, *asked)
	}
}

func TestPowerGuestOSInfo(t *testing.T) {
	t.Parallel()
	power, asked := kubevirtAPI(t, http.StatusOK, `{"kind":"VirtualMachineInstanceGuestAgentInfo","apiVersion":"subresources.kubevirt.io/v1","hostname":"node-1","os":{"name":"Ubuntu"}}`)
	info, err := power.GuestOSInfo(t.Context(), powerKey)
	require.NoError(t, err)
	assert.Equal(t, "node-1", info.Hostname)
	assert.Equal(t, "Ubuntu", info.OS.Name)
	assert.Contains(t, *asked, "GET /k8s/clusters/c-1/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachineinstances/a/guestosinfo")
}

func TestPowerErrors(t *testing.T) {
	t.Parallel()
	conflict := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,"message":"VM is not running"}`
	notFound := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"a not found","details":{"name":"a"}}`
	for name, tc := range map[string]struct {
		code int
		body string
		kind error
	}{
		"state forbids": {409, conflict, ErrNotReady},
		"not there":     {404, notFound, ErrNotFound},
		"API not there": {404, "404 page not found", ErrNotReady},
		"away":          {503, "", ErrTransient},
		"not allowed":   {403, "", ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			power, _ := kubevirtAPI(t, tc.code, tc.body)
			err := power.Stop(context.Background(), powerKey)
			assertOnlyKind(t, tc.kind, err)
			require.ErrorContains(t, err, `stop virtual machine "vms/a"`)
			_, err = power.GuestOSInfo(context.Background(), powerKey)
			assertOnlyKind(t, tc.kind, err)
		})
	}
}

func TestNewPowerRefusesBadConfig(t *testing.T) {
	t.Parallel()
	_, err := NewPower(&rest.Config{Host: "https://h", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("x")}}, nil)
	require.Error(t, err)
}
