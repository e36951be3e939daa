package validation

import (
	"fmt"
	"testing"
)

func BenchmarkNewEngine(b *testing.B) {
	for b.Loop() {
		if _, err := NewEngine(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLazyEngine is what a program waits for that validates one machine and ends.
func BenchmarkLazyEngine(b *testing.B) {
	object := base(b, "HarvesterMachine")
	for b.Loop() {
		lazy, err := NewLazyEngine()
		if err != nil {
			b.Fatal(err)
		}
		lazy.Validate(object, nil, Options{})
	}
}

// BenchmarkValidate validates one object of each kind as they are in practice.
func BenchmarkValidate(b *testing.B) {
	engine() // Compiling the rules is not part of it.
	for _, kind := range []string{"HarvesterCluster", "HarvesterMachine", "HarvesterMachineTemplate"} {
		object := base(b, kind)
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				engine().Validate(object, nil, Options{})
			}
		})
	}
}

// BenchmarkValidateLargest validates the largest machine that makes sense: 32 disks, 16 networks.
func BenchmarkValidateLargest(b *testing.B) {
	var volumes, networks []any
	for i := range int64(32) {
		volumes = append(volumes, map[string]any{"volumeType": "image", "imageName": "default/image", "volumeSize": "10Gi", "bootOrder": i + 1})
	}
	for i := range 16 {
		networks = append(networks, fmt.Sprintf("default/network-%d", i))
	}
	object := merge(base(b, "HarvesterMachine"), map[string]any{"spec": map[string]any{"volumes": volumes, "networks": networks}})
	b.ReportAllocs()
	for b.Loop() {
		engine().Validate(object, object, Options{})
	}
}
