package command

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// kinds say what a flag takes, by pflag's names of types.
var kinds = map[string]string{
	"int":         "a whole number, such as 3",
	"bool":        "true or false, or nothing for true",
	"duration":    "a duration, such as 20m or 1h30m",
	"stringSlice": "values separated by commas, with double quotes around one that holds a comma",
}

// flagError names the flag and the fix for what pflag refuses.
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
		if near := settings.Nearest(unknown.GetSpecifiedName(), flagNames(command.Flags())); near != "" {
			return usage("unknown flag: --%s; did you mean --%s?", unknown.GetSpecifiedName(), near)
		}
	}
	return usage("%v: %s --help lists all", err, command.CommandPath())
}

func flagNames(flags *pflag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}
