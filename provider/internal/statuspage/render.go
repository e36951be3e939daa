package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

// styleHash allows the browser this very style and no other.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(styleText))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(styleText) }, //nolint:gosec // It is a constant of this package.
	"since":  since,
	"span":   span,
	"bar":    bar,
	"grid":   grid,
	"steps":  func() any { return Steps },
	"inc":    func(i int) int { return i + 1 },
	"spoken": spoken,
	"link":   link,
	"at":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}).Parse(pageText))

func render(page Page) ([]byte, error) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, page); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// since is how long ago something was, in words that fit a table.
func since(page Page, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return span(page.Time.Sub(t)) + " ago"
}

// span writes a duration with its two largest units.
func span(d time.Duration) string {
	d = max(0, d.Round(time.Second))
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm %ds", minutes, seconds)
	default:
		return fmt.Sprintf("%ds", seconds)
	}
}

// link is the address of the page with other choices. It is relative, so that it also holds behind a proxy that serves the
// page elsewhere.
func link(cluster string, refresh int) string {
	values := url.Values{}
	if cluster != "" {
		values.Set("cluster", cluster)
	}
	if refresh != refreshEvery {
		values.Set("refresh", strconv.Itoa(refresh))
	}
	return "?" + values.Encode()
}

// barWidth is the width of a bar, in the units of its picture.
const barWidth = 240

// Segment is one drawn step. Number counts from 1.
type Segment struct {
	Step

	Number   int
	X, Width float64
}

// bar lays the steps that took time out on a bar. What lies behind the end of the scale is cut off.
func bar(machine Machine, scale time.Duration) []Segment {
	place := func(d time.Duration) float64 { return barWidth * min(1, float64(d)/float64(max(scale, 1))) }
	var drawn []Segment
	for i, step := range machine.Steps {
		x, end := place(step.Start), place(step.End)
		if end > x {
			drawn = append(drawn, Segment{Step: step, Number: i + 1, X: x, Width: end - x})
		}
	}
	return drawn
}

// spoken says what a bar shows.
func spoken(machine Machine) string {
	var parts []string
	for _, step := range machine.Steps {
		switch step.State {
		case StepDone:
			parts = append(parts, step.Title+" "+span(step.End-step.Start))
		case StepActive:
			parts = append(parts, "waiting for "+step.Title+" since "+span(step.End-step.Start))
		case StepPending:
		}
	}
	return strings.Join(parts, ", ")
}

const (
	// columns is how many cells a row of a map has, cellSize how far they are apart.
	columns  = 32
	cellSize = 10
)

// Square is one drawn cell.
type Square struct {
	Cell

	X, Y int
}

// Grid is a drawn map.
type Grid struct {
	Width, Height int
	Squares       []Square
}

func grid(pool PoolMap) Grid {
	drawn := Grid{Width: columns * cellSize, Height: (len(pool.Cells) + columns - 1) / columns * cellSize}
	for i, cell := range pool.Cells {
		drawn.Squares = append(drawn.Squares, Square{Cell: cell, X: i % columns * cellSize, Y: i / columns * cellSize})
	}
	return drawn
}
