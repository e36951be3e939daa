module github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit

go 1.26.0
