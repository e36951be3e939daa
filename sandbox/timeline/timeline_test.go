package timeline_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/timeline"
)

func TestEveryEventCarriesTheTimeSinceTheStart(t *testing.T) {
	clock := time.Unix(100, 0)
	var out bytes.Buffer
	line := timeline.New(&out, func() time.Time { return clock })

	line.Heading("Sandbox")
	clock = clock.Add(1500 * time.Millisecond)
	line.Up("API server", 1200*time.Millisecond)
	clock = clock.Add(2 * time.Minute)
	line.Event("%d machines", 5)
	line.Detail("all Running")

	assert.Equal(t, `
Sandbox
    1.5s  API server                                   1.2s
  121.5s  5 machines
          all Running
`, out.String())
}
