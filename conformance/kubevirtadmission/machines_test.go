package kubevirtadmission

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// machine is one of the machines that harvesterclient renders.
type machine struct {
	Name string          `json:"name"`
	VM   json.RawMessage `json:"vm"`
}

// machines has the program in directory machines render its grid.
var machines = sync.OnceValues(func() ([]machine, error) {
	command := exec.Command("go", "run", ".")
	command.Dir = "machines"
	command.Env = append(os.Environ(), "GOWORK=off")
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(problems.String()))
	}
	var list []machine
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var next machine
		err := decoder.Decode(&next)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, next)
	}
})

// KubeVirt takes every machine that harvesterclient renders, and the instance it is started as.
func TestEveryMachineIsTaken(t *testing.T) {
	list, err := machines()
	require.NoError(t, err)
	require.Greater(t, len(list), 1000)
	admission, err := New()
	require.NoError(t, err)
	refused := 0
	for _, machine := range list {
		if _, err := admission.Create(t.Context(), machine.VM); err != nil {
			if refused++; refused <= 20 {
				t.Errorf("%s: %v", machine.Name, err)
			}
		}
	}
	assert.Zero(t, refused, "refused of %d", len(list))
	t.Logf("validated %d machines", len(list))
}
