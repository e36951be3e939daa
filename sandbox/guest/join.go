package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/pki"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/rke2"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/guest/internal/supervisor"
)

const (
	// joinRetry is how often a node asks again while no server is ready.
	joinRetry = 500 * time.Millisecond
	// serversRefresh is how often a node asks which API servers there are.
	serversRefresh = 15 * time.Second
)

// Files of an agent's identity.
const (
	kubeletClientCert  = rke2.AgentDir + "/client-kubelet.crt"
	kubeletClientKey   = rke2.AgentDir + "/client-kubelet.key"
	kubeletServingCert = rke2.AgentDir + "/serving-kubelet.crt"
	kubeletServingKey  = rke2.AgentDir + "/serving-kubelet.key"
	agentClientCA      = rke2.AgentDir + "/client-ca.crt"
	agentServerCA      = rke2.AgentDir + "/server-ca.crt"
)

// kubeletFiles are what a kubelet needs, in PEM.
type kubeletFiles struct {
	client, serving    pki.Pair
	clientCA, serverCA []byte
}

// joinAsNode obtains a kubelet's identity, retrying until ctx ends: a server
// signs its own, an agent asks for it once and finds it on its disk later.
func (n *node) joinAsNode(ctx context.Context) (*kubeletService, bool) {
	var service *kubeletService
	joined := n.retry(ctx, "joining", func(ctx context.Context) error {
		files, err := n.kubeletFiles(ctx)
		if err != nil {
			return err
		}
		service, err = n.newKubelet(files)
		return err
	})
	if joined && n.server == nil {
		go n.followServers(ctx)
	}
	return service, joined
}

// retry repeats a step of bringing the node up. What keeps failing is said once
// per kind of failure, not once per try.
func (n *node) retry(ctx context.Context, what string, step func(context.Context) error) bool {
	said := ""
	for ctx.Err() == nil {
		err := step(ctx)
		if err == nil {
			return true
		}
		if text := sortOf(err); text != said && ctx.Err() == nil {
			said = text
			n.machine.logf("%s: %v", what, err)
		}
		n.machine.sleep(ctx, joinRetry)
	}
	return false
}

// sortOf gives errors that differ only in detail one name.
func sortOf(err error) string {
	for _, kind := range []error{supervisor.ErrUnavailable, supervisor.ErrUnauthorized} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return err.Error()
}

func (n *node) kubeletFiles(ctx context.Context) (kubeletFiles, error) {
	if n.server != nil {
		return n.server.signKubelet()
	}
	if n.machine.disk.Exists(agentServerCA) {
		return n.loadKubeletFiles()
	}
	return n.requestKubeletFiles(ctx)
}

// requestKubeletFiles asks the cluster for certificates and keeps them.
func (n *node) requestKubeletFiles(ctx context.Context) (kubeletFiles, error) {
	client, err := supervisor.Connect(ctx, n.config.Server, n.config.Token)
	if err != nil {
		return kubeletFiles{}, err
	}
	var files kubeletFiles
	request, key, err := pki.NewRequest()
	if err != nil {
		return kubeletFiles{}, err
	}
	identity, err := client.ClientCertificate(ctx, n.name, request)
	if err != nil {
		return kubeletFiles{}, err
	}
	files.client = pki.Pair{Certificate: identity.Certificate, Key: key}
	files.clientCA, files.serverCA = identity.ClientCA, identity.ServerCA
	if request, key, err = pki.NewRequest(); err != nil {
		return kubeletFiles{}, err
	}
	if identity, err = client.ServingCertificate(ctx, n.name, n.address.String(), request); err != nil {
		return kubeletFiles{}, err
	}
	files.serving = pki.Pair{Certificate: identity.Certificate, Key: key}
	servers, err := client.APIServers(ctx)
	if err != nil {
		return kubeletFiles{}, err
	}
	n.learnServers(servers.Addresses)
	return files, n.saveKubeletFiles(files)
}

// saveKubeletFiles writes the authority last: its presence means the rest is
// complete.
func (n *node) saveKubeletFiles(files kubeletFiles) error {
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{kubeletClientCert, files.client.Certificate}, {kubeletClientKey, files.client.Key},
		{kubeletServingCert, files.serving.Certificate}, {kubeletServingKey, files.serving.Key},
		{agentClientCA, files.clientCA}, {agentServerCA, files.serverCA},
	} {
		if err := n.machine.disk.Write(file.name, file.content); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) loadKubeletFiles() (kubeletFiles, error) {
	var files kubeletFiles
	for name, into := range map[string]*[]byte{
		kubeletClientCert: &files.client.Certificate, kubeletClientKey: &files.client.Key,
		kubeletServingCert: &files.serving.Certificate, kubeletServingKey: &files.serving.Key,
		agentClientCA: &files.clientCA, agentServerCA: &files.serverCA,
	} {
		content, err := n.machine.disk.Read(name)
		if err != nil {
			return kubeletFiles{}, err
		}
		*into = content
	}
	if text, err := n.machine.disk.Read(rke2.ServersFile); err == nil {
		var servers []string
		if json.Unmarshal(text, &servers) == nil {
			n.balancer.set(servers)
		}
	}
	return files, nil
}

// newKubelet makes a kubelet of its identity.
func (n *node) newKubelet(files kubeletFiles) (*kubeletService, error) {
	serving, err := files.serving.TLS()
	if err != nil {
		return nil, err
	}
	clientCA, err := pki.Pool(files.clientCA)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(&rest.Config{
		// The address is a placeholder for whichever server the balancer finds.
		Host: "https://" + apiAddress("127.0.0.1"), Dial: n.balancer.dial,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: files.serverCA, CertData: files.client.Certificate, KeyData: files.client.Key,
		},
		UserAgent: "kubelet", QPS: 50, Burst: 100,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the kubelet's client: %w", err)
	}
	return &kubeletService{
		node: n, client: client, serving: &serving, clientCA: clientCA,
		pods: n.staticPods, registered: make(chan struct{}),
	}, nil
}

// followServers keeps an agent's list of API servers fresh until ctx ends.
func (n *node) followServers(ctx context.Context) {
	for n.machine.sleep(ctx, serversRefresh) {
		client, err := supervisor.Connect(ctx, n.config.Server, n.config.Token)
		if err != nil {
			continue // the list that is known stays good enough
		}
		if servers, err := client.APIServers(ctx); err == nil {
			n.learnServers(servers.Addresses)
		}
	}
}

func (n *node) learnServers(addresses []string) {
	n.balancer.set(addresses)
	text, err := json.Marshal(addresses)
	if err == nil {
		err = n.machine.disk.Write(rke2.ServersFile, text)
	}
	if err != nil {
		n.machine.logf("%v", err)
	}
}
