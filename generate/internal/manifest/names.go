package manifest

import (
	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// Names that other parts of the house agree on.
const (
	// ClusterClassName is the ClusterClass that ships.
	ClusterClassName = settings.DefaultClass
	// WorkerClass is the class of its MachineDeployments.
	WorkerClass = "default-worker"

	// CloudConfigSecret, in the guest cluster's kube-system, holds the kubeconfig by which Harvester's cloud provider
	// and CSI driver reach Harvester, with an account of its own. It is no part of the manifests: the Cluster's label
	// cloud-config=harvester has the ClusterClass ask CAPHV for it, which writes the Secret's manifest into
	// CloudConfigManifestKey of the ConfigMap of the cloud provider's addon.
	CloudConfigSecret = "harvester-cloud-config"
	// CloudConfigSecretKey is the name of the file that Harvester's CSI driver opens.
	CloudConfigSecretKey = "cloud-provider-config"
	// CloudConfigManifestKey is CAPHV's own in that ConfigMap; applying the manifests again leaves it alone.
	CloudConfigManifestKey = "cloud-config.yaml"

	clusterNameLabel = "cluster.x-k8s.io/cluster-name"
	moveLabel        = "clusterctl.cluster.x-k8s.io/move"
	autoImportLabel  = "cluster-api.cattle.io/rancher-auto-import"
	kubeSystem       = "kube-system"
)

// IdentitySecretName is the name of a cluster's identity Secret. "<cluster>-kubeconfig" is Cluster API's own.
func IdentitySecretName(cluster string) string { return cluster + "-harvester-identity" }

// IdentitySecretKey is the Secret's key.
const IdentitySecretKey = infrav1.IdentitySecretKey
