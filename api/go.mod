module github.com/rancher-sandbox/cluster-api-provider-harvester/api

go 1.26.0
