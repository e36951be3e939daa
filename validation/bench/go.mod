// The benchmark of caphv-lint against kubeconform. A module of its own, so that the graph of validation stays as it is;
// nothing imports it.
module github.com/rancher-sandbox/cluster-api-provider-harvester/validation/bench

go 1.26.0

tool github.com/yannh/kubeconform/cmd/kubeconform

require (
	github.com/rancher-sandbox/cluster-api-provider-harvester/validation v0.0.0
	github.com/stretchr/testify v1.11.1
	sigs.k8s.io/yaml v1.6.0
)

require (
	github.com/davecgh/go-spew v1.1.2-0.20180830191138-d8f796af33cc // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/pmezard/go-difflib v1.0.1-0.20181226105442-5d4384ee4fb2 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.2 // indirect
	github.com/yannh/kubeconform v0.8.0 // indirect
	go.yaml.in/yaml/v2 v2.4.4 // indirect
	golang.org/x/text v0.41.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	k8s.io/kube-openapi v0.0.0-20260603220949-865597e52e25 // indirect
	k8s.io/utils v0.0.0-20260319190234-28399d86e0b5 // indirect
)

replace github.com/rancher-sandbox/cluster-api-provider-harvester/validation => ..
