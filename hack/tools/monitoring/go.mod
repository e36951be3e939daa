// Writes what shows and warns: alert rules, the dashboard, and reference pages, from the tables in Go. A module of its own,
// so that no shipped module resolves Prometheus or Grafana's SDK.
module github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring

go 1.26.7

require (
	github.com/rancher-sandbox/cluster-api-provider-harvester/observability v0.0.0
	go.yaml.in/yaml/v3 v3.0.5
)

require (
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/prometheus/client_golang v1.25.0 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.1 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/rancher-sandbox/cluster-api-provider-harvester/observability => ../../../observability
