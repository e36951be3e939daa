module github.com/rancher-sandbox/cluster-api-provider-harvester/validation

go 1.26.0
