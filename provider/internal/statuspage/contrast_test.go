package statuspage

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// colors are the style's variables, without and with a dark scheme.
func colors(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	before, after, found := strings.Cut(styleText, "@media (prefers-color-scheme: dark)")
	require.True(t, found)
	read := func(text string) map[string]string {
		made := map[string]string{}
		text, _, _ = strings.Cut(text, "}")
		for _, match := range regexp.MustCompile(`--([a-z0-9]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			made[match[1]] = match[2]
		}
		return made
	}
	return read(before), read(after)
}

// luminance and contrast are WCAG 2.2's.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	number, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	require.NoError(t, err, color)
	linear := func(shift uint) float64 {
		value := float64(number>>shift&0xff) / 255
		if value <= 0.04045 {
			return value / 12.92
		}
		return math.Pow((value+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	first, second := luminance(t, a), luminance(t, b)
	return (max(first, second) + 0.05) / (min(first, second) + 0.05)
}

// Text can be read by everyone (4.5 to 1), and what is drawn can be told from its ground (3 to 1), in both schemes. A step
// that is light on its own is told from its neighbors by them.
func TestContrast(t *testing.T) {
	light, dark := colors(t)
	require.Len(t, dark, len(light), "each color has its twin")
	for scheme, color := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, text := range []string{"text", "quiet", "link", "good", "wait", "bad"} {
			assert.GreaterOrEqual(t, contrast(t, color[text], color["ground"]), 4.5, "%s: %s", scheme, text)
		}
		for _, drawn := range []string{"s1", "s3", "s5", "held", "other"} {
			assert.GreaterOrEqual(t, contrast(t, color[drawn], color["track"]), 3.0, "%s: %s", scheme, drawn)
		}
		for _, neighbors := range [][2]string{{"s1", "s2"}, {"s2", "s3"}, {"s3", "s4"}, {"s4", "s5"}, {"s5", "s6"}, {"held", "other"}} {
			assert.GreaterOrEqual(t, contrast(t, color[neighbors[0]], color[neighbors[1]]), 1.3, "%s: %v", scheme, neighbors)
		}
	}
}
