module github.com/rancher-sandbox/cluster-api-provider-harvester/ipam

go 1.26.0

require (
	github.com/stretchr/testify v1.11.1 // indirect
	go4.org/netipx v0.0.0-20260823151212-3075585bcbeb // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
