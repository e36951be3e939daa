module github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit

go 1.26.0

require (
	github.com/stretchr/testify v1.11.1 // indirect
	go.yaml.in/yaml/v3 v3.0.4 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
