module github.com/rancher-sandbox/cluster-api-provider-harvester/observability

go 1.26.0
