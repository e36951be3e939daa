// Package ordinary makes manifests as applications bring them, for tests and benchmarks: none is for CAPHV.
package ordinary

import "fmt"

// documents are of kinds that some rule could mistake for its own.
var documents = []string{
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web-%d, namespace: shop, labels: {app: web}}\nspec:\n  replicas: 3\n" +
		"  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n" +
		"      - name: web\n        image: nginx:1.29\n        ports: [{containerPort: 8080}]\n        resources: {requests: {cpu: 100m, memory: 1Mi}}\n",
	"apiVersion: v1\nkind: Service\nmetadata: {name: web-%d}\nspec:\n  selector: {app: web}\n  ports:\n  - {port: 80, targetPort: 8080}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-%d}\ndata:\n  a.yaml: |\n    kind: HarvesterMachine\n    spec: {cpu: 0}\n",
	"apiVersion: v1\nkind: Secret\nmetadata: {name: secret-%d}\nstringData: {password: none}\n",
	"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: pool-%d}\nspec: {cidr: 10.42.0.0/16}\n",
	"apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: docker-%d}\nspec:\n  topology: {class: quick-start, version: v1.31.0, controlPlane: {replicas: 4}, variables: [{name: a, value: 1}]}\n",
	"apiVersion: cluster.x-k8s.io/v1beta1\nkind: MachineHealthCheck\nmetadata: {name: docker-%d}\nspec: {clusterName: docker-0, maxUnhealthy: 100%%}\n",
	"apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db-%d}\nspec: {instances: 4}\n",
	"apiVersion: example.com/v1\nkind: HarvesterMachine\nmetadata: {name: other-%d}\nspec: {}\n",
	"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: ns-%d}}\n",
}

// Document is the i-th of endlessly many.
func Document(i int) string { return fmt.Sprintf(documents[i%len(documents)], i) }
