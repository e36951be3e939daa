package fleet

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// usage is what the manager itself counts: requests by API server, memory and processor time.
type usage struct {
	// managementWrites and managementReads are requests to the management cluster; the start of a watch is a read.
	managementWrites, managementReads float64
	// harvesterRequests are all requests to Harvester.
	harvesterRequests float64
	// memory is resident, in bytes; cpu is in seconds since the manager's start.
	memory, cpu float64
}

// minus is what was used since an earlier look. Memory is not a difference: it is what it is now.
func (u usage) minus(earlier usage) usage {
	return usage{
		managementWrites:  u.managementWrites - earlier.managementWrites,
		managementReads:   u.managementReads - earlier.managementReads,
		harvesterRequests: u.harvesterRequests - earlier.harvesterRequests,
		memory:            u.memory, cpu: u.cpu - earlier.cpu,
	}
}

// scrape reads the manager's metrics. management is the host of the management cluster's API server.
func scrape(ctx context.Context, url, management string) (usage, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return usage{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return usage{}, fmt.Errorf("reading the manager's metrics: %w", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return usage{}, fmt.Errorf("reading the manager's metrics: %w", err)
	}
	return usageOf(families, management), nil
}

// usageOf adds up metric families. Pure.
func usageOf(families map[string]*dto.MetricFamily, management string) usage {
	var u usage
	for _, metric := range families["rest_client_requests_total"].GetMetric() {
		labels := map[string]string{}
		for _, pair := range metric.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		count := metric.GetCounter().GetValue()
		switch {
		case !strings.Contains(management, labels["host"]):
			u.harvesterRequests += count
		case labels["method"] == http.MethodGet:
			u.managementReads += count
		default:
			u.managementWrites += count
		}
	}
	for _, metric := range families["process_resident_memory_bytes"].GetMetric() {
		u.memory = metric.GetGauge().GetValue()
	}
	for _, metric := range families["process_cpu_seconds_total"].GetMetric() {
		u.cpu = metric.GetCounter().GetValue()
	}
	return u
}
