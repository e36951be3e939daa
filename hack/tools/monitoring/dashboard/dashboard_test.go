package dashboard

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/cases"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/hack/tools/monitoring/promtest"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/observability/alerts"
)

// filled is an expression as Grafana sends it, with All chosen everywhere.
func filled(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$cluster", ".*").Replace(expr)
}

func eachQuery(visit func(panel Panel, query Query)) {
	for _, row := range Rows() {
		for _, panel := range row.Panels {
			for _, query := range panel.Queries {
				visit(panel, query)
			}
		}
	}
}

func families() map[string]observability.Family {
	known := map[string]observability.Family{}
	for _, family := range append(observability.Families(), alerts.External()...) {
		known[family.Name] = family
	}
	return known
}

// Prometheus reads each expression; each metric is in the tables and has the labels that the expression and the legend name.
func TestExpressionsNameMetricsAndLabelsThatExist(t *testing.T) {
	known, shown := families(), map[string]bool{}
	eachQuery(func(panel Panel, query Query) {
		parsed, err := promtest.Parser().ParseExpr(filled(query.Expr))
		require.NoError(t, err, "%s: %s", panel.Title, query.Expr)
		var allowed []string
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			if selector, ok := node.(*parser.VectorSelector); ok {
				name := selector.Name
				family, found := known[name]
				if base, histogram := strings.CutSuffix(name, "_bucket"); !found && histogram {
					family, found = known[base]
					allowed = append(allowed, "le")
				}
				require.True(t, found, "%s: metric %s is not in the tables", panel.Title, name)
				shown[family.Name] = true
				allowed = append(allowed, family.Labels...)
				for _, matcher := range selector.LabelMatchers {
					if matcher.Name != labels.MetricName {
						assert.True(t, slices.Contains(family.Labels, matcher.Name), "%s: %s has no label %s", panel.Title, name, matcher.Name)
					}
				}
			}
			return nil
		})
		parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
			if aggregate, ok := node.(*parser.AggregateExpr); ok {
				for _, label := range aggregate.Grouping {
					assert.True(t, slices.Contains(allowed, label), "%s: nothing has the label %s", panel.Title, label)
				}
			}
			return nil
		})
		for _, match := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(query.Legend, -1) {
			assert.Contains(t, allowed, match[1], "%s: legend %s", panel.Title, query.Legend)
		}
	})
	for _, family := range observability.Families() {
		assert.True(t, shown[family.Name], "no panel shows %s", family.Name)
	}
}

// Each expression returns data from a manager with two clusters, of which one has a trouble of each kind.
func TestEveryExpressionReturnsData(t *testing.T) {
	series := written()
	eachQuery(func(panel Panel, query Query) {
		count, err := promtest.Instant(t.Context(), series, filled(query.Expr), 7*time.Hour)
		require.NoError(t, err, query.Expr)
		assert.Positive(t, count, "%s: %s", panel.Title, query.Expr)
	})
}

// The numbers of the fleet are 0, and not nothing, where there is nothing to count.
func TestNumbersAreZeroWithoutSeries(t *testing.T) {
	for _, panel := range fleet().Panels {
		count, err := promtest.Instant(t.Context(), nil, filled(panel.Queries[0].Expr), time.Hour)
		require.NoError(t, err)
		assert.Equal(t, 1, count, panel.Title)
	}
}

// written has series for each family, with each label.
func written() []cases.Series {
	const samples = 500
	var all []cases.Series
	for _, family := range append(observability.Families(), alerts.External()...) {
		values := fmt.Sprintf("1x%d", samples)
		if family.Type != observability.TypeGauge {
			values = fmt.Sprintf("0+1x%d", samples)
		}
		for _, set := range labelSets(family) {
			if family.Type != observability.TypeHistogram {
				all = append(all, cases.Series{Name: family.Name + "{" + set + "}", Values: values})
				continue
			}
			for _, bound := range []string{"1", "64", "+Inf"} {
				all = append(all, cases.Series{Name: family.Name + "_bucket{" + strings.TrimPrefix(set+`,le="`+bound+`"`, ",") + "}", Values: values})
			}
		}
	}
	return all
}

// labelSets are two sets of values for a family's labels: one of what is well, and one of what is not.
func labelSets(family observability.Family) []string {
	special := map[string][2]string{
		"reason": {"PoolExhausted", "EtcdQuorumAtRisk"}, "code": {"200", "503"}, "job": {alerts.Job, alerts.Job}, "result": {"success", "error"},
	}
	var sets []string
	for i := range 2 {
		var pairs []string
		for _, label := range family.Labels {
			value := fmt.Sprintf("%s-%d", label, i)
			if known, found := special[label]; found {
				value = known[i]
			}
			pairs = append(pairs, fmt.Sprintf("%s=%q", label, value))
		}
		sets = append(sets, strings.Join(pairs, ","))
	}
	return slices.Compact(sets)
}

func TestFileIsUpToDateAndWhole(t *testing.T) {
	content, err := JSON()
	require.NoError(t, err)
	root := "../../../.."
	got, err := os.ReadFile(filepath.Join(root, "config/grafana/caphv-dashboard.json"))
	require.NoError(t, err)
	require.Equal(t, string(content), string(got), "run make generate")
	assert.NotContains(t, string(content), "${", "clusterctl would replace it")
	assert.Less(t, len(content), 1<<19, "a ConfigMap holds it")

	var read struct {
		UID    string
		Panels []struct {
			ID      int
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Type string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &read))
	assert.Equal(t, ID, read.UID)
	exprs := map[string]bool{}
	for i, panel := range read.Panels {
		assert.Equal(t, i+1, panel.ID, "Grafana tells panels apart by it")
		for _, target := range panel.Targets {
			exprs[target.Expr] = true
		}
	}
	eachQuery(func(panel Panel, query Query) { assert.True(t, exprs[query.Expr], panel.Title) })
	require.Len(t, read.Templating.List, 3)
	assert.Equal(t, "datasource", read.Templating.List[0].Type)

	text, err := os.ReadFile(filepath.Join(root, "config/grafana/configmap.yaml"))
	require.NoError(t, err)
	var configMap struct {
		Metadata struct{ Labels map[string]string }
		Data     map[string]string
	}
	require.NoError(t, yaml.Unmarshal(text, &configMap))
	assert.Equal(t, "1", configMap.Metadata.Labels["grafana_dashboard"], "the sidecar looks for it")
	assert.Equal(t, map[string]string{"caphv-dashboard.json": string(content)}, configMap.Data)
}

func TestPanelsHaveTitlesAndFillTheirRows(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range Rows() {
		for _, panel := range row.Panels {
			assert.False(t, seen[panel.Title], "%s is there twice", panel.Title)
			seen[panel.Title] = true
			assert.True(t, panel.Width > 0 && panel.Width <= 24, panel.Title)
			assert.NotEmpty(t, panel.Queries, panel.Title)
		}
	}
}
