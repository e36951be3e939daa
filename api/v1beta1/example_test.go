package v1beta1_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// A manifest is decoded by a scheme that knows the API.
func Example() {
	scheme := runtime.NewScheme()
	if err := infrav1.AddToScheme(scheme); err != nil {
		fmt.Println(err)
		return
	}
	manifest := `
apiVersion: infrastructure.cluster.x-k8s.io/v1beta1
kind: HarvesterCluster
metadata: {name: prod, namespace: prod-ns}
spec:
  targetNamespace: default
  identitySecret: {namespace: prod-ns, name: harvester}
  loadBalancerConfig: {ipamType: pool, ipPoolRef: vips}
  vmNetworkConfig:
    ipPoolRefs: [rack-a, rack-b]
    gateway: 172.16.0.1
    subnetMask: 255.255.0.0
`
	object, _, err := serializer.NewCodecFactory(scheme).UniversalDeserializer().Decode([]byte(manifest), nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	cluster := object.(*infrav1.HarvesterCluster)
	fmt.Println(cluster.Name, cluster.Spec.LoadBalancerConfig.IPAMType, cluster.Spec.VMNetworkConfig.PoolRefs())
	// Output: prod pool [rack-a rack-b]
}
