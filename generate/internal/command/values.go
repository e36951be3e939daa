package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// wanted is a cluster that was asked for.
type wanted struct {
	// file is the values file that asked for it; empty for the command line alone.
	file     string
	settings settings.Settings
}

// says puts the file's name before what is said about its cluster.
func (w wanted) says(text string) string {
	if w.file == "" {
		return text
	}
	return w.file + ": " + text
}

// clusters reads the values files. One file fills in the flags that were not given, for interactive mode; of several,
// each is a cluster of its own, to all of which the given flags apply.
func (r *generateRun) clusters(flags *pflag.FlagSet) ([]wanted, error) {
	files, left, err := valuesFiles(r.values, r.recursive)
	if err != nil {
		return nil, err
	}
	for _, file := range left {
		fmt.Fprintf(r.streams.Err, "warning: --values does not read %s, which is in a directory of its own: add --recursive, or name it\n", file)
	}
	if len(files) > 1 && r.interactive {
		return nil, usage("--interactive asks about one cluster: give one values file only")
	}
	clusters := make([]wanted, 0, len(files)+1)
	var problems []string
	for _, file := range files {
		target, fields, set := &r.settings, r.fields, flags
		if len(files) > 1 {
			target, fields, set = ownFlags(flags)
		}
		content, err := r.read(file)
		if err != nil {
			problems = append(problems, fmt.Sprintf("--values cannot be read: %v", err))
			continue
		}
		cluster := wanted{file: file}
		if err := settings.Load(content, fields, set); err != nil {
			for problem := range strings.SplitSeq(err.Error(), "\n") {
				problems = append(problems, cluster.says(problem))
			}
			continue
		}
		cluster.settings = *target
		clusters = append(clusters, cluster)
	}
	if len(problems) > 0 {
		return nil, &usageError{problems}
	}
	if len(files) == 0 {
		clusters = append(clusters, wanted{settings: r.settings})
	}
	return clusters, nil
}

// ownFlags makes settings of their own, with the flags that the user gave.
func ownFlags(given *pflag.FlagSet) (*settings.Settings, []settings.Field, *pflag.FlagSet) {
	own := settings.Defaults()
	fields := settings.Fields(&own)
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, field := range fields {
		field.Register(flags)
		from, to := given.Lookup(field.Flag), flags.Lookup(field.Flag)
		if !from.Changed {
			continue
		}
		to.Changed = true
		// What one flag shows, another one of the same kind takes.
		if list, ok := from.Value.(pflag.SliceValue); ok {
			_ = to.Value.(pflag.SliceValue).Replace(list.GetSlice())
			continue
		}
		_ = to.Value.Set(from.Value.String())
	}
	return &own, fields, flags
}

const standardInput = "-"

func (r *generateRun) read(file string) ([]byte, error) {
	if file == standardInput {
		return io.ReadAll(r.streams.In)
	}
	return os.ReadFile(file) //nolint:gosec // Reading the file that the user names is the point.
}

// valuesFiles puts the YAML and JSON files of a directory in the directory's place, by name; with recursive those of the directories
// in it too. It also returns the directories whose files are left out.
func valuesFiles(paths []string, recursive bool) (files, left []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if path == standardInput || err == nil && !info.IsDir() {
			files = append(files, path)
			continue
		}
		if err != nil {
			return nil, nil, usage("--values cannot be read: %v", err)
		}
		found, deeper, err := filesOf(path)
		if err != nil {
			return nil, nil, usage("--values cannot be read: %v", err)
		}
		if recursive {
			found = append(found, deeper...)
		}
		if len(found) == 0 {
			return nil, nil, usage("--values %s is a directory without a values file: name one that holds *.yaml, *.yml or *.json%s", path, inside(deeper))
		}
		if !recursive {
			left = append(left, deeper...)
		}
		files = append(files, found...)
	}
	return files, left, nil
}

func inside(deeper []string) string {
	if len(deeper) == 0 {
		return ""
	}
	return ", or add --recursive for those in the directories below it"
}

// filesOf are the values files of a directory, and those in the directories below it. Hidden directories are not looked into.
func filesOf(dir string) (own, deeper []string, err error) {
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target // WalkDir does not follow a link.
	}
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != dir && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))):
			return nil
		case filepath.Dir(path) == filepath.Clean(dir):
			own = append(own, path)
		default:
			deeper = append(deeper, path)
		}
		return nil
	})
	return own, deeper, err
}

// doubles tells which clusters were asked for twice: the second one would overwrite the first one's objects.
func doubles(clusters []wanted) []string {
	var problems []string
	first := make(map[string]string, len(clusters))
	for _, cluster := range clusters {
		complete := cluster.settings.Complete()
		if complete.Name == "" {
			continue
		}
		key := complete.Namespace + "/" + complete.Name
		if other, known := first[key]; known {
			problems = append(problems, cluster.says(fmt.Sprintf("cluster %s is that of %s too: change --name or --namespace in one", key, other)))
		}
		first[key] = cluster.file
	}
	return problems
}
