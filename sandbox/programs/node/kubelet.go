//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/kubelet"
)

// settings of a kubelet. Everything else is Kubernetes' default, or follows from there being no cgroups and no devices.
type settings struct {
	kubeconfig, root, name, address, runtime, cert, key, clientCA string
}

func newKubeletCommand() *cobra.Command {
	var s settings
	command := &cobra.Command{
		Use: "kubelet", Short: "Run the kubelet of a node whose containers are plain processes", Args: cobra.NoArgs, SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error { return s.run(command.Context()) },
	}
	flags := command.Flags()
	for flag, target := range map[string]*string{
		"kubeconfig": &s.kubeconfig, "root": &s.root, "node-name": &s.name, "node-ip": &s.address,
		"runtime-endpoint": &s.runtime, "tls-cert-file": &s.cert, "tls-private-key-file": &s.key, "client-ca-file": &s.clientCA,
	} {
		flags.StringVar(target, flag, "", "see kubelet's own flag, or its configuration")
		cobra.CheckErr(command.MarkFlagRequired(flag))
	}
	return command
}

// run starts the kubelet and returns when ctx ends.
func (s settings) run(ctx context.Context) error {
	// Without rights on the machine itself, what only tunes the machine (kernel settings, its log) is left out.
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{string(features.KubeletInUserNamespace): true}); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubelet's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	server, err := s.server()
	if err != nil {
		return err
	}
	dependencies := s.dependencies(client)
	if err := kubelet.PreInitRuntimeService(ctx, &server.KubeletConfiguration, dependencies); err != nil {
		return fmt.Errorf("connecting to the container runtime at %s: %w", s.runtime, err)
	}
	auth, startAuth, err := app.BuildAuth(types.NodeName(s.name), client, server.KubeletConfiguration)
	if err != nil {
		return err
	}
	startAuth(ctx.Done())
	dependencies.Auth = auth

	if err := app.RunKubelet(ctx, server, dependencies); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// server is the kubelet's configuration.
func (s settings) server() (*options.KubeletServer, error) {
	flags := options.NewKubeletFlags()
	flags.RootDirectory = s.root
	flags.CertDirectory = filepath.Join(s.root, "pki")
	flags.HostnameOverride, flags.NodeIP = s.name, s.address
	flags.MinimumGCAge = metav1.Duration{Duration: time.Minute}
	flags.MaxPerPodContainerCount = 2

	c, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	c.ContainerRuntimeEndpoint = s.runtime
	c.StaticPodPath, c.ResolverConfig, c.ClusterDNS = "", "", nil
	c.Address, c.Port, c.ReadOnlyPort = s.address, 10250, 0
	c.TLSCertFile, c.TLSPrivateKeyFile = s.cert, s.key
	c.Authentication.X509.ClientCAFile = s.clientCA
	c.Authentication.Anonymous.Enabled = false
	c.PodLogsDir = filepath.Join(s.root, "pod-logs")
	c.NodeStatusUpdateFrequency.Duration = 10 * time.Second
	c.MaxPods = 100
	// There are no cgroups, so nothing can be reserved or limited, and no disk is measured.
	c.CgroupsPerQOS, c.CgroupRoot, c.EnforceNodeAllocatable = false, "", nil
	c.LocalStorageCapacityIsolation, c.ProtectKernelDefaults = false, false
	c.EnableControllerAttachDetach = false
	return &options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *c}, nil
}
