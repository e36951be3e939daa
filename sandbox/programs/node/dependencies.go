//go:build linux

package main

import (
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/kubelet"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubelet/server"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"
)

// dependencies are the kubelet's real parts, but for those that need cgroups, devices or mounts on the machine: kubelet's own
// stubs take their place, as in Kubernetes' scale tests. Pods, probes, volumes, logs and status are handled by the real code.
func (s settings) dependencies(client *kubernetes.Clientset) *kubelet.Dependencies {
	return &kubelet.Dependencies{
		KubeClient: client, HeartbeatClient: client, EventClient: client.CoreV1(),
		TLSOptions:                &server.TLSOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.clientCA},
		CAdvisorInterface:         &cadvisortest.Fake{NodeName: s.name},
		ContainerManager:          cm.NewStubContainerManager(),
		OOMAdjuster:               oom.NewFakeOOMAdjuster(),
		VolumePlugins:             volumePlugins(),
		Mounter:                   &mount.FakeMounter{},
		Subpather:                 &subpath.FakeSubpath{},
		HostUtil:                  hostutil.NewFakeHostUtil(nil),
		PodStartupLatencyTracker:  kubeletutil.NewPodStartupLatencyTracker(),
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(),
		TracerProvider:            noop.NewTracerProvider(),
	}
}
