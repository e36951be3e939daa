package fleet

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/sandbox"
)

const (
	identityName  = "harvester"
	bootstrapName = "bootstrap"
	templateName  = "worker"
	version       = "v1.33.4+rke2r1"
	// targetNamespace is where all machines are on Harvester.
	targetNamespace = "default"
)

// bootstrapData makes an RKE2 agent of a machine. In light mode nothing joins by it.
const bootstrapData = `#cloud-config
write_files:
- path: /etc/rancher/rke2/config.yaml
  permissions: "0640"
  content: |
    server: https://192.0.2.1:9345
    token: a-token
runcmd:
- 'curl -sfL https://get.rke2.io | INSTALL_RKE2_VERSION=` + version + ` INSTALL_RKE2_TYPE="agent" sh -s -'
- 'systemctl enable --now rke2-agent.service'
`

// objects are all of one cluster, in the order of their creation. The cluster is called like its namespace.
func (f *Fleet) objects(name string, machines int) ([]client.Object, error) {
	identity, err := os.ReadFile(f.sandbox.HarvesterKubeconfig())
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig for Harvester: %w", err)
	}
	guest, err := f.guestKubeconfig(name)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig of guest %s: %w", name, err)
	}
	meta := func(object string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: name, Name: object, Labels: map[string]string{clusterv1.ClusterNameLabel: name}}
	}
	return []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		&corev1.Secret{ObjectMeta: meta(identityName), Data: map[string][]byte{infrav1.IdentitySecretKey: identity}},
		&corev1.Secret{ObjectMeta: meta(name + "-kubeconfig"), Type: clusterv1.ClusterSecretType, Data: map[string][]byte{"value": guest}},
		&corev1.Secret{ObjectMeta: meta(bootstrapName), Type: clusterv1.ClusterSecretType, Data: map[string][]byte{"value": []byte(bootstrapData)}},
		&infrav1.HarvesterCluster{ObjectMeta: meta(name), Spec: infrav1.HarvesterClusterSpec{
			IdentitySecret:     infrav1.SecretReference{Namespace: name, Name: identityName},
			TargetNamespace:    targetNamespace,
			LoadBalancerConfig: infrav1.LoadBalancerConfig{IPAMType: infrav1.IPAMTypeDHCP},
			VMNetworkConfig: &infrav1.VMNetworkConfig{
				IPPoolRef: Pool, Gateway: f.sandbox.Network().Gateway.String(), SubnetMask: "255.255.0.0",
			},
		}},
		&clusterv1.Cluster{ObjectMeta: meta(name), Spec: clusterv1.ClusterSpec{InfrastructureRef: reference("HarvesterCluster", name)}},
		&infrav1.HarvesterMachineTemplate{ObjectMeta: meta(templateName), Spec: infrav1.HarvesterMachineTemplateSpec{
			Template: infrav1.HarvesterMachineTemplateResource{Spec: machineSpec()},
		}},
		&clusterv1.MachineDeployment{ObjectMeta: meta(name), Spec: clusterv1.MachineDeploymentSpec{
			ClusterName: name, Replicas: ptr.To(int32(machines)),
			Template: clusterv1.MachineTemplateSpec{Spec: clusterv1.MachineSpec{
				ClusterName: name, Version: version,
				Bootstrap:         clusterv1.Bootstrap{DataSecretName: ptr.To(bootstrapName)},
				InfrastructureRef: reference("HarvesterMachineTemplate", templateName),
			}},
		}},
	}, nil
}

func reference(kind, name string) clusterv1.ContractVersionedObjectReference {
	return clusterv1.ContractVersionedObjectReference{APIGroup: infrav1.GroupVersion.Group, Kind: kind, Name: name}
}

func machineSpec() infrav1.HarvesterMachineSpec {
	return infrav1.HarvesterMachineSpec{
		CPU: 2, Memory: "4Gi", SSHUser: "rancher", SSHKeyPair: sandbox.KeyPair,
		Volumes: []infrav1.Volume{{
			VolumeType: infrav1.VolumeTypeImage, ImageName: sandbox.Image, VolumeSize: ptr.To(resource.MustParse("40Gi")), BootOrder: ptr.To(int32(1)),
		}},
		Networks: []string{sandbox.VMNetwork},
	}
}

// Create makes a cluster with that many machines, in a namespace of its own name. While a manager that was killed starts
// again nobody answers for its webhooks; as an operator would, it applies the object again then.
func (f *Fleet) Create(ctx context.Context, name string, machines int) error {
	objects, err := f.objects(name, machines)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := f.apply(ctx, object); err != nil {
			return fmt.Errorf("creating %T %s of cluster %s: %w", object, object.GetName(), name, err)
		}
	}
	return nil
}

// apply creates an object, at the latest when the webhooks answer again.
func (f *Fleet) apply(ctx context.Context, object client.Object) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lifeTime, fmt.Errorf("not done after %s", lifeTime))
	defer cancel()
	var failure error
	waited := await(ctx, func(ctx context.Context) (string, error) {
		failure = f.management.Create(ctx, object)
		if apierrors.IsInternalError(failure) && strings.Contains(failure.Error(), "failed calling webhook") {
			return failure.Error(), nil
		}
		return "", nil
	})
	return cmp.Or(waited, failure)
}
