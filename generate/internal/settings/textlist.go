package settings

import (
	"encoding/csv"
	"strings"
)

// textList is the value of a flag that takes several texts: separated by commas, or by repeating the flag. Spaces around a
// text do not count. It implements pflag.Value and pflag.SliceValue.
type textList struct {
	target  *[]string
	changed bool
}

// Set adds texts. The first time it replaces the default.
func (l *textList) Set(text string) error {
	texts, err := splitTexts(text)
	if err != nil {
		return err
	}
	if !l.changed {
		*l.target = nil
	}
	l.changed = true
	*l.target = append(*l.target, texts...)
	return nil
}

// splitTexts reads one line of comma-separated values; double quotes surround one that holds a comma.
func splitTexts(text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	texts, err := reader.Read()
	if err != nil {
		return nil, err
	}
	return trimmed(texts), nil
}

func trimmed(texts []string) []string {
	list := make([]string, 0, len(texts))
	for _, text := range texts {
		list = append(list, strings.TrimSpace(text))
	}
	return list
}

// Type names the kind of value in help.
func (l *textList) Type() string { return "stringSlice" }

// String is what help shows as the default.
func (l *textList) String() string {
	if l.target == nil || len(*l.target) == 0 {
		return ""
	}
	return strings.Join(*l.target, ",")
}

// Append adds one text as it is.
func (l *textList) Append(text string) error {
	*l.target = append(*l.target, strings.TrimSpace(text))
	return nil
}

// Replace sets all texts.
func (l *textList) Replace(texts []string) error {
	*l.target, l.changed = trimmed(texts), true
	return nil
}

// GetSlice returns the texts.
func (l *textList) GetSlice() []string { return *l.target }
