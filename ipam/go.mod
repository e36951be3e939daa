module github.com/rancher-sandbox/cluster-api-provider-harvester/ipam

go 1.26.0
