package guest

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/internal/process"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/apiserver"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/controllers"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

// program is the path of one of the programs machines run.
func (m *Manager) program(name string) string { return filepath.Join(m.options.AssetsDir, name) }

// startAPIServer starts the API server once etcd serves it.
func (s *server) startAPIServer(ctx context.Context) (*process.Process, error) {
	if err := s.member.AwaitHealthy(ctx); err != nil {
		return nil, err
	}
	admin, err := s.adminPair.TLS()
	if err != nil {
		return nil, err
	}
	disk := s.node.machine.disk
	described := apiserver.Server{
		Node: s.node.name, Address: s.node.address.String(), Program: s.node.machine.manager.program(componentAPIServer),
		LogFile: disk.Path(s.node.logFile(componentAPIServer)), EtcdURL: s.member.ClientURL(),
		ServiceCIDR: s.node.config.ServiceCIDR, ExtraArgs: s.extraArgs(),
		Files: apiserver.Files{
			ServingCert: disk.Path(certAPIServer), ServingKey: disk.Path(keyFile(certAPIServer)),
			ClientCA: disk.Path(rke2.ClientCA), ServiceKey: disk.Path(rke2.ServiceKeyFile),
			EtcdCA: disk.Path(rke2.EtcdCA), EtcdCert: disk.Path(certEtcdClient), EtcdKey: disk.Path(keyFile(certEtcdClient)),
			KubeletCA: disk.Path(rke2.ServerCA), KubeletCert: disk.Path(certKubeletClient), KubeletKey: disk.Path(keyFile(certKubeletClient)),
		},
		ServerCA: s.cas.server.Pool(), ClientCert: admin,
	}
	if disk.Exists(rke2.EncryptionConfigFile) {
		described.Files.Encryption = disk.Path(rke2.EncryptionConfigFile)
	}
	return described.Start(ctx)
}

// extraArgs are the user's flags; a file of the machine is found on its disk.
func (s *server) extraArgs() []string {
	arguments := slices.Clone(s.node.config.APIServerArgs)
	for i, argument := range arguments {
		key, value, _ := strings.Cut(argument, "=")
		if strings.HasPrefix(value, "/") {
			arguments[i] = key + "=" + s.node.machine.disk.Path(value)
		}
	}
	return arguments
}

// apiExited lets the API server come back unless its etcd is gone for good.
func (s *server) apiExited(context.Context) bool { return !s.removed.Load() }

// startControllers runs what lives beside the API server.
func (s *server) startControllers(ctx context.Context) {
	options := s.node.machine.manager.options
	base := controllers.Base{Clock: options.Clock, Logf: s.node.machine.logf}
	lifecycle := &controllers.NodeLifecycle{Base: base, Client: s.client, Grace: options.NodeGrace}
	members := &controllers.EtcdMembers{Base: base, Client: s.client, Self: s.node.name, Remove: s.removeMember}
	s.controllers.Go(func() { s.publish(ctx, base) })
	s.controllers.Go(func() { lifecycle.Run(ctx) })
	s.controllers.Go(func() { members.Run(ctx) })
	s.controllers.Go(func() { s.followMembers(ctx) })
	s.controllers.Go(func() { s.deploy(ctx, base) })
}

// publish tells the cluster that its control plane is initialised.
func (s *server) publish(ctx context.Context, base controllers.Base) {
	if serving, err := s.loadPair(certAPIServer); err != nil {
		base.Logf("%v", err)
	} else {
		base.EnsureServingSecret(ctx, s.client, serving.Certificate, serving.Key)
	}
}

// deploy applies RKE2's own definitions and then the manifests on the disk.
func (s *server) deploy(ctx context.Context, base controllers.Base) {
	deployer, err := controllers.NewDeployer(base, s.config)
	if err != nil {
		base.Logf("%v", err)
		return
	}
	deployer.Deploy(ctx, "rke2 helm definitions", controllers.HelmCRDs)
	files, err := s.node.machine.disk.List(rke2.ManifestsDir)
	if err != nil {
		base.Logf("%v", err)
		return
	}
	for _, file := range files {
		switch path.Ext(file) {
		case ".yaml", ".yml", ".json":
		default:
			continue
		}
		manifest, err := s.node.machine.disk.Read(path.Join(rke2.ManifestsDir, file))
		if err != nil {
			base.Logf("%v", err)
			continue
		}
		// Each on its own: one that is never accepted must not hold up the rest.
		s.controllers.Go(func() { deployer.Deploy(ctx, file, manifest) })
	}
}

// attendNode gives the server's Node what only RKE2 may give it.
func (s *server) attendNode(ctx context.Context) {
	base := controllers.Base{Clock: s.etcd.clock, Logf: s.node.machine.logf}
	base.EnsureServerNode(ctx, s.client, s.node.name, s.member.Name, s.node.address.String())
}

// followMembers keeps what this server knows of the others fresh: it is needed
// when its own etcd or API server is gone.
func (s *server) followMembers(ctx context.Context) {
	for {
		if _, err := s.EtcdInfo(ctx); err == nil {
			if servers, err := s.APIServers(ctx); err == nil {
				s.node.balancer.set(servers.Addresses)
			}
		}
		if !s.node.machine.sleep(ctx, 3*time.Second) {
			return
		}
	}
}

// APIServers implements supervisor.Backend.
func (s *server) APIServers(ctx context.Context) (supervisor.APIServers, error) {
	if s.api.alive() == nil || s.client == nil {
		return supervisor.APIServers{}, errNotServing
	}
	ctx, cancel := context.WithTimeout(ctx, etcdCallTime)
	defer cancel()
	nodes, err := s.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: rke2.ControlPlaneLabel + "=true"})
	if err != nil {
		return supervisor.APIServers{}, err
	}
	servers := supervisor.APIServers{Addresses: []string{apiAddress(s.node.address.String())}}
	for _, node := range nodes.Items {
		if address := node.Annotations[rke2.EtcdAddressAnnotation]; address != "" && address != s.node.address.String() {
			servers.Addresses = append(servers.Addresses, apiAddress(address))
		}
	}
	return servers, nil
}
