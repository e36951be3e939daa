package dashboard

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Kind is how a panel shows its queries.
type Kind string

// The kinds of panels.
const (
	// KindStat shows one number.
	KindStat Kind = "stat"
	// KindLines shows lines over time.
	KindLines Kind = "timeseries"
	// KindStack shows areas on top of each other.
	KindStack Kind = "stack"
	// KindTable shows a row for each series.
	KindTable Kind = "table"
	// KindHeatmap shows how observations spread over buckets.
	KindHeatmap Kind = "heatmap"
)

// Row is a group of panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is one panel.
type Panel struct {
	Kind        Kind
	Title       string
	Description string
	// Unit is one of Grafana's units.
	Unit string
	// Width is in columns of 24.
	Width   uint32
	Queries []Query
	// Warn and Alarm are from which value on a number is yellow and red; Below turns that around. Both zero: no colors.
	Warn, Alarm float64
	Below       bool
}

// Query is one PromQL expression.
type Query struct {
	Expr   string
	Legend string
}

const (
	statHeight  = 4
	panelHeight = 8
)

// build makes Grafana's panel. Its id is unique in the dashboard.
func (p Panel) build(id uint32) (cog.Builder[grafana.Panel], error) {
	switch p.Kind {
	case KindStat:
		panel := stat.NewPanelBuilder().Title(p.Title).Description(p.Description).Unit(p.Unit).Span(p.Width).Height(statHeight).
			Datasource(source()).Thresholds(p.thresholds()).GraphMode(common.BigValueGraphModeArea).NoValue("-").Id(id).
			Orientation(common.VizOrientationAuto).ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
		for i, q := range p.Queries {
			panel = panel.WithTarget(q.build(i, false))
		}
		return panel, nil
	case KindLines, KindStack:
		return p.lines(id), nil
	case KindTable:
		panel := table.NewPanelBuilder().Title(p.Title).Description(p.Description).Unit(p.Unit).Span(p.Width).Height(panelHeight).
			Datasource(source()).Id(id).Filterable(true).NoValue("none").
			WithTransformation(grafana.DataTransformerConfig{Id: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true}}})
		for i, q := range p.Queries {
			panel = panel.WithTarget(q.build(i, true))
		}
		return panel, nil
	case KindHeatmap:
		panel := heatmap.NewPanelBuilder().Title(p.Title).Description(p.Description).Span(p.Width).Height(panelHeight).
			Datasource(source()).Id(id).Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle)).YAxis(heatmap.NewYAxisConfigBuilder().Unit(p.Unit))
		for i, q := range p.Queries {
			panel = panel.WithTarget(q.build(i, false).Format(prometheus.PromQueryFormatHeatmap))
		}
		return panel, nil
	default:
		return nil, fmt.Errorf("unknown kind %q", p.Kind)
	}
}

func (p Panel) lines(id uint32) *timeseries.PanelBuilder {
	panel := timeseries.NewPanelBuilder().Title(p.Title).Description(p.Description).Unit(p.Unit).Span(p.Width).Height(panelHeight).
		Datasource(source()).Id(id).Min(0).FillOpacity(10).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).Placement(common.LegendPlacementBottom).DisplayMode(common.LegendDisplayModeList)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if p.Kind == KindStack {
		panel = panel.FillOpacity(40).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	}
	for i, q := range p.Queries {
		panel = panel.WithTarget(q.build(i, false))
	}
	return panel
}

// thresholds color a number: green, yellow from Warn on, red from Alarm on, or the other way round.
func (p Panel) thresholds() *grafana.ThresholdsConfigBuilder {
	step := func(from *float64, color string) grafana.Threshold {
		return grafana.Threshold{Value: from, Color: color}
	}
	steps := []grafana.Threshold{step(nil, "green")}
	switch {
	case p.Below:
		steps = []grafana.Threshold{step(nil, "red"), step(&p.Alarm, "yellow"), step(&p.Warn, "green")}
	case p.Warn != 0 || p.Alarm != 0:
		steps = append(steps, step(&p.Warn, "yellow"), step(&p.Alarm, "red"))
	}
	return grafana.NewThresholdsConfigBuilder().Mode(grafana.ThresholdsModeAbsolute).Steps(steps)
}

func (q Query) build(index int, instant bool) *prometheus.DataqueryBuilder {
	query := prometheus.NewDataqueryBuilder().Expr(q.Expr).LegendFormat(q.Legend).RefId(string(rune('A' + index))).Datasource(source())
	if instant {
		return query.Instant().Format(prometheus.PromQueryFormatTable)
	}
	return query.Range()
}
