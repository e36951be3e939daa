package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/build"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox/management"
)

// create makes the cluster as the operations guide does, and waits until all of
// it runs.
func (d *demo) create(ctx context.Context) error {
	if err := d.clients.management.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.options.Namespace}}); err != nil {
		return fmt.Errorf("making namespace %s: %w", d.options.Namespace, err)
	}
	if err := ApplyClusterClass(ctx, d.sandbox, d.options.Namespace); err != nil {
		return err
	}
	d.line.Event("ClusterClass harvester-rke2 applied to namespace %s", d.options.Namespace)
	output, err := Generate(ctx, d.sandbox, GenerateArguments(d.options, d.sandbox)...)
	if err != nil {
		return err
	}
	d.line.Event("caphv-generate --apply")
	for _, line := range strings.Split(strings.TrimSpace(output), "\n") {
		d.line.Detail("%s", line)
	}
	if err := d.awaitMachines(ctx, d.options.ControlPlanes, d.options.Workers); err != nil {
		return err
	}
	if err := d.checkCloudConfig(ctx); err != nil {
		return err
	}
	return d.show(ctx)
}

// ApplyClusterClass puts the ClusterClass that ships, with its templates, into
// a namespace; a Cluster finds it in its own. The sandbox runs RKE2's providers
// v0.21.
func ApplyClusterClass(ctx context.Context, s *sandbox.Sandbox, namespace string) error {
	stream, err := build.Render(filepath.Join(s.Paths().Root, "templates", "clusterclass", "rke2-v0.21"))
	if err != nil {
		return err
	}
	objects, err := management.Parse(stream)
	if err != nil {
		return err
	}
	for _, object := range objects {
		object.SetNamespace(namespace)
	}
	return management.Apply(ctx, s.Management().Client(), objects)
}

// GenerateArguments are caphv-generate's flags for the demo's cluster.
func GenerateArguments(o Options, s *sandbox.Sandbox) []string {
	o = o.withDefaults()
	network := s.Network()
	return []string{
		"--name=" + o.Name,
		"--namespace=" + o.Namespace,
		"--image=" + sandbox.Image,
		"--ssh-keypair=" + sandbox.KeyPair,
		"--network=" + sandbox.VMNetwork,
		"--gateway=" + network.Gateway.String(),
		"--subnet-mask=255.255.0.0",
		"--ip-pool=" + sandbox.MachinePool,
		"--dns=" + network.Gateway.String(),
		"--harvester-kubeconfig=" + s.HarvesterKubeconfig(),
		fmt.Sprintf("--cp-replicas=%d", o.ControlPlanes),
		fmt.Sprintf("--worker-replicas=%d", o.Workers),
		"--cpu=4", "--memory=8Gi", "--disk-size=80Gi",
		"--k8s-version=" + o.KubernetesVersion,
		"--apply",
	}
}

// Generate runs the real caphv-generate against the management cluster and
// returns what it printed.
func Generate(ctx context.Context, s *sandbox.Sandbox, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, s.Paths().Program("caphv-generate"), arguments...)
	command.Dir = s.Dir().Path()
	command.Env = append(os.Environ(), "KUBECONFIG="+s.ManagementKubeconfig(), "NO_COLOR=1")
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("caphv-generate: %w\n%s", err, output)
	}
	return string(output), nil
}

// show prints what an operator sees with kubectl and the printed kubeconfig.
func (d *demo) show(ctx context.Context) error {
	kubectl := filepath.Join(d.sandbox.Paths().Assets(), "kubectl")
	d.line.Detail("$ kubectl --kubeconfig %s get clusters,machines,harvestermachines -n %s", d.sandbox.ManagementKubeconfig(), d.options.Namespace)
	command := exec.CommandContext(ctx, kubectl, "--kubeconfig", d.sandbox.ManagementKubeconfig(), "get",
		"clusters.cluster.x-k8s.io,machines.cluster.x-k8s.io,harvestermachines.infrastructure.cluster.x-k8s.io", "-n", d.options.Namespace)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl: %w\n%s", err, output)
	}
	for _, line := range strings.Split(strings.TrimRight(string(output), "\n"), "\n") {
		d.line.Detail("%s", line)
	}
	return nil
}

// cluster is the demo's cluster.
func (d *demo) cluster() client.ObjectKey {
	return client.ObjectKey{Namespace: d.options.Namespace, Name: d.options.Name}
}
