package harvesterclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxVersionBytes is more than any /version answer is long.
const maxVersionBytes = 64 << 10

// probeServer asks a server for its version, which every authenticated user may read, and tells what is wrong in terms
// of the kubeconfig.
func probeServer(client *http.Client, host string, timeout time.Duration) func(context.Context) error {
	target := strings.TrimSuffix(host, "/") + "/version"

	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return badKubeconfig("clusters[].cluster.server", "is not a URL")
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("connect to Harvester: %w", Classify(err))
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, maxVersionBytes))
		if err != nil {
			return fmt.Errorf("connect to Harvester: %w", Classify(err))
		}

		return classifyVersionAnswer(response.StatusCode, body)
	}
}

// classifyVersionAnswer decides what an answer to GET /version means. Only its code is ever quoted.
func classifyVersionAnswer(code int, body []byte) error {
	switch {
	case code == http.StatusUnauthorized:
		return failf(ErrUnauthorized, "connect to Harvester: the credentials under users[].user are wrong, expired or revoked (HTTP 401)")
	case code == http.StatusForbidden:
		return nil // known, and let in; what they may do shows later
	case code == http.StatusNotFound, code >= 300 && code < 400:
		return failf(ErrNotReady, "connect to Harvester: clusters[].cluster.server leads to no Kubernetes API (HTTP %d): check its path", code)
	case code != http.StatusOK:
		return failf(ErrTransient, "connect to Harvester: the server answered HTTP %d", code)
	}
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	if json.Unmarshal(body, &version) != nil || version.GitVersion == "" {
		return failf(ErrInvalidKubeconfig, "connect to Harvester: clusters[].cluster.server is no Kubernetes API: check its path")
	}

	return nil
}

// sameServer refuses redirects. A Kubernetes API has none, and following one would carry the credentials to wherever it leads.
func sameServer(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
