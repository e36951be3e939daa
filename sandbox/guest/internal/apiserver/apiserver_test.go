package apiserver

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestArguments(t *testing.T) {
	arguments := Server{Address: "127.50.1.10", ExtraArgs: []string{"anonymous-auth=false", "--v=2"}}.arguments()
	assert.Contains(t, arguments, "--service-cluster-ip-range="+DefaultServiceCIDR)
	assert.Contains(t, arguments, "--endpoint-reconciler-type=none", "it refuses loopback addresses as endpoints")
	assert.Equal(t, []string{"--anonymous-auth=false", "--v=2"}, arguments[len(arguments)-2:], "the user's come last, to win")
	assert.Contains(t, Server{ServiceCIDR: "10.9.0.0/16"}.arguments(), "--service-cluster-ip-range=10.9.0.0/16")
	assert.Contains(t, Server{Files: Files{Encryption: "/e"}}.arguments(), "--encryption-provider-config=/e")
}
