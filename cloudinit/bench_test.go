package cloudinit

import (
	"os"
	"testing"
)

func BenchmarkRenderUserData(b *testing.B) {
	bootstrap, err := os.ReadFile("testdata/bootstrap/rke2.yaml")
	if err != nil {
		b.Fatal(err)
	}
	ours := full()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RenderUserData(ours, bootstrap); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderNetworkData(b *testing.B) {
	network := networks()["dual"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RenderNetworkData(network, 2); err != nil {
			b.Fatal(err)
		}
	}
}
