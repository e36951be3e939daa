package doctor

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	kubevirtv1 "kubevirt.io/api/core/v1"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	lbv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/loadbalancer/v1beta1"
)

// troubled is a world with something of each class.
func troubled() *Snapshot {
	s := world()
	s.clusterFails(infrav1.CredentialsValidCondition, infrav1.CredentialsExpireSoonReason, 3*24*time.Hour)
	s.Machines[0].fails(infrav1.AddressReadyCondition, infrav1.PoolExhaustedReason, 14*time.Minute)
	s.Machines[1].VM = &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "vms", Name: "w-0"}, Spec: kubevirtv1.VirtualMachineSpec{RunStrategy: ptr.To(kubevirtv1.RunStrategyAlways)}}
	s.Pools = []lbv1.IPPool{{ObjectMeta: metav1.ObjectMeta{Name: "prod-pool"}, Status: lbv1.IPPoolStatus{Total: 10}}}
	s.Machines[1].fails(infrav1.BootstrapReadyCondition, infrav1.WaitingForBootstrapDataReason, 20*time.Second)
	s.Warnings[Ref{kindInfraMachine, "cp-0"}] = corev1.Event{Reason: "AddressLost", Message: "VM vms/cp-0 uses an address that its pool does not hold for it"}
	s.Lacks = []Lack{{Where: planeWorkload, What: "list Nodes", Why: "the right to do this is missing"}}
	return s
}

func TestText(t *testing.T) {
	var text strings.Builder
	require.NoError(t, newReport("Cluster", "demo", troubled()).writeText(&text))
	requireGolden(t, "report.txt", text.String())
	text.Reset()
	require.NoError(t, newReport("Cluster", "demo", world()).writeText(&text))
	assert.Equal(t, "Cluster demo/demo is ready.\n", text.String())
}

func TestJSON(t *testing.T) {
	var text strings.Builder
	require.NoError(t, newReport("Cluster", "demo", troubled()).writeJSON(&text))
	requireGolden(t, "report.json", text.String())
	text.Reset()
	require.NoError(t, newReport("Cluster", "demo", world()).writeJSON(&text))
	var empty struct{ Findings, Lacks []any }
	require.NoError(t, json.Unmarshal([]byte(text.String()), &empty))
	assert.NotNil(t, empty.Findings, "a list is never null")
	assert.NotNil(t, empty.Lacks)
}

func TestHowLongItLasted(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": -time.Minute, "59s": 59 * time.Second, "1m": time.Minute, "59m": time.Hour - 1, "1h0m": time.Hour, "47h59m": 48*time.Hour - 1, "2d": 48 * time.Hour,
	} {
		assert.Equal(t, want, lasted(now, now.Add(-d)))
	}
}

// What a server repeats of our credentials in an error, or a condition's message, is not passed on.
func TestNoCredentialIsPrinted(t *testing.T) {
	const token = "kubeconfig-u-abc:0123456789"
	var known secrets
	known.add([]byte(`{"users":[{"name":"u","user":{"token":"` + token + `"}}]}`))
	s := troubled()
	s.Machines[0].fails(infrav1.VMProvisionedCondition, infrav1.VMRejectedReason, time.Minute)
	s.Machines[0].fails(infrav1.AddressReadyCondition, infrav1.AddressAllocationFailedReason, time.Minute)
	s.Machines[0].Infra.Status.Conditions[len(s.Machines[0].Infra.Status.Conditions)-1].Message = "refused: " + token
	s.Warnings[Ref{kindInfraMachine, "cp-0"}] = corev1.Event{Reason: "Refused", Message: token}
	s.Lacks[0].Why = "Get https://host: bearer " + token
	report, err := known.clean(newReport("Cluster", "demo", s))
	require.NoError(t, err)
	text, err := json.Marshal(report)
	require.NoError(t, err)
	assert.NotContains(t, string(text), token)
	assert.Equal(t, 3, strings.Count(string(text), redacted))

	report.Findings[0].Name = token
	require.ErrorIs(t, known.verify(report), errLeak)
}

func TestNameOfThePlugin(t *testing.T) {
	for program, want := range map[string]string{
		"/usr/bin/caphv-doctor": "caphv-doctor", "/x/kubectl-caphv_doctor": "kubectl caphv-doctor", "kubectl-caphv_doctor.exe": "kubectl caphv-doctor", "doctor.test": "caphv-doctor",
	} {
		assert.Equal(t, want, invokedAs(program))
	}
}
