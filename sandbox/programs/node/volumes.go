//go:build linux

package main

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
)

// volumePlugins are those that need nothing but files.
func volumePlugins() []volume.VolumePlugin {
	var plugins []volume.VolumePlugin
	for _, some := range [][]volume.VolumePlugin{
		emptydir.ProbeVolumePlugins(), secret.ProbeVolumePlugins(), configmap.ProbeVolumePlugins(), downwardapi.ProbeVolumePlugins(),
		projected.ProbeVolumePlugins(), hostpath.FakeProbeVolumePlugins(volume.VolumeConfig{}),
	} {
		for _, plugin := range some {
			plugins = append(plugins, oneUser{plugin})
		}
	}
	return plugins
}

// oneUser leaves files to the only user that the node's user namespace has: the one who, in the container's own user
// namespace, is the user that the Pod asks for. Any other owner would be refused by the kernel.
type oneUser struct{ volume.VolumePlugin }

func (p oneUser) NewMounter(spec *volume.Spec, pod *corev1.Pod) (volume.Mounter, error) {
	mounter, err := p.VolumePlugin.NewMounter(spec, pod)
	return oneUserMounter{mounter}, err
}

type oneUserMounter struct{ volume.Mounter }

func (m oneUserMounter) SetUp(args volume.MounterArgs) error {
	args.FsUser, args.FsGroup = nil, nil
	return m.Mounter.SetUp(args)
}

func (m oneUserMounter) SetUpAt(dir string, args volume.MounterArgs) error {
	args.FsUser, args.FsGroup = nil, nil
	return m.Mounter.SetUpAt(dir, args)
}
