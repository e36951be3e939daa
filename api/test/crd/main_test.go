// Package crd tries the generated CRDs on a real API server.
package crd

import (
	"os"
	"testing"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/apiserver"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/api/test/internal/manifests"
)

var cluster *apiserver.Cluster

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(started *apiserver.Cluster) error {
		cluster = started
		definitions, err := manifests.Render("config/crd")
		if err != nil {
			return err
		}
		return cluster.InstallCRDs(definitions)
	}))
}
