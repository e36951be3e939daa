package manager

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatusPageIsNotShownToEveryone(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"off by default":             {[]string{"--insecure-diagnostics"}, ""},
		"with authentication":        {[]string{"--status-page"}, ""},
		"behind a proxy in the Pod":  {[]string{"--status-page", "--metrics-secure=false", "--metrics-bind-address=127.0.0.1:8080"}, ""},
		"on loopback of IPv6":        {[]string{"--status-page", "--insecure-diagnostics", "--metrics-bind-address=[::1]:8080"}, ""},
		"on localhost":               {[]string{"--status-page", "--insecure-diagnostics", "--metrics-bind-address=localhost:8080"}, ""},
		"open on every address":      {[]string{"--status-page", "--insecure-diagnostics"}, "anyone could read it"},
		"open on one address":        {[]string{"--status-page", "--metrics-secure=false", "--metrics-bind-address=10.0.0.1:8080"}, "anyone could read it"},
		"where nothing is served":    {[]string{"--status-page", "--metrics-bind-address=0"}, "--metrics-bind-address is 0"},
		"open on an unreadable name": {[]string{"--status-page", "--insecure-diagnostics", "--metrics-bind-address=nonsense"}, "anyone could read it"},
	} {
		t.Run(name, func(t *testing.T) {
			err := parse(t, test.args...).Validate()
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "--status-page")
			assert.ErrorContains(t, err, test.want)
		})
	}
}
