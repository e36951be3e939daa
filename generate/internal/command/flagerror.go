package command

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// kinds say what a flag takes, by pflag's names of types.
var kinds = map[string]string{
	"int":         "a whole number, such as 3",
	"bool":        "true or false, or nothing for true",
	"duration":    "a duration, such as 20m or 1h30m",
	"stringSlice": "values separated by commas, with double quotes around one that holds a comma",
}

// flagError names the flag and the mend for what pflag refuses.
func flagError(command *cobra.Command, err error) error {
	var (
		value   *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
		unknown *pflag.NotExistError
	)
	switch {
	case errors.As(err, &value):
		flag := value.GetFlag()
		if kind, known := kinds[flag.Value.Type()]; known {
			return usage("--%s %q is not of the right kind: give %s", flag.Name, value.GetValue(), kind)
		}
		return usage("--%s: %v", flag.Name, errors.Unwrap(value))
	case errors.As(err, &missing):
		return usage("--%s needs a value: %s", missing.GetSpecifiedName(), missing.GetFlag().Usage)
	case errors.As(err, &unknown):
		if near := nearest(command.Flags(), unknown.GetSpecifiedName()); near != "" {
			return usage("unknown flag: --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)
		}
	}
	return usage("%v: %s --help lists all", err, command.CommandPath())
}

// nearest is the flag that differs least from what was typed, if that is little: two letters at most.
func nearest(flags *pflag.FlagSet, typed string) string {
	const little = 2
	best, distance := "", little+1
	flags.VisitAll(func(flag *pflag.Flag) {
		if d := edits(typed, flag.Name); d < distance && d < len(typed) {
			best, distance = flag.Name, d
		}
	})
	return best
}

// edits counts the letters to insert, remove or replace to make one word of the other.
func edits(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
