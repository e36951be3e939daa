module github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient

go 1.26.0
