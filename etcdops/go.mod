module github.com/rancher-sandbox/cluster-api-provider-harvester/etcdops

go 1.26.0
