package command

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
)

// cleaning is what is to be removed below one directory.
type cleaning struct {
	root string
	plan manifest.Clean
}

// planClean looks for what earlier runs wrote into the directories, before anything is written. Other clusters that would
// be mixed with those of now are refused.
func (o *output) planClean(streams Streams, clusters []built) ([]cleaning, error) {
	keys := make([]string, 0, len(clusters))
	for _, cluster := range clusters {
		keys = append(keys, cluster.settings.Namespace+"/"+cluster.settings.Name)
	}
	current := o.currentFiles(clusters)
	var cleans []cleaning
	var problems []string
	for _, root := range o.roots() {
		earlier, err := manifest.FindEarlier(root, func(path string) bool { return current[filepath.Join(root, path)] })
		if err != nil {
			return nil, fmt.Errorf("looking for earlier manifests: %w: %s names another directory", err, o.flags())
		}
		plan := manifest.PlanClean(earlier, keys)
		if len(plan.InTheWay) > 0 {
			problems = append(problems, fmt.Sprintf("%s %s holds the manifests of %s, which would be mixed with those of %s: "+
				"name another directory, or remove them first", o.flags(), root, strings.Join(plan.InTheWay, ", "), strings.Join(keys, ", ")))
		}
		for _, other := range plan.Left {
			fmt.Fprintf(streams.Err, "warning: %s still holds the manifests of %s, which is not asked for now\n", root, other)
		}
		cleans = append(cleans, cleaning{root, plan})
	}
	if len(problems) > 0 {
		return nil, &usageError{problems}
	}
	return cleans, nil
}

// roots are the directories that the user named.
func (o *output) roots() []string {
	var roots []string
	if o.dir != "" {
		roots = append(roots, o.dir)
	}
	if o.secrets != "" && (o.secrets != besideManifests || o.dir == "") {
		roots = append(roots, o.secrets)
	}
	return roots
}

// currentFiles are all that this run writes.
func (o *output) currentFiles(clusters []built) map[string]bool {
	current := make(map[string]bool)
	if !o.toFiles() {
		return current
	}
	for _, cluster := range clusters {
		place := placeOf(clusters, cluster)
		for _, file := range manifest.Files(cluster.objects) {
			dir := filepath.Join(o.dir, place)
			if o.secrets != "" && file.Object.GetKind() == "Secret" {
				dir = o.secretsDir(place)
			} else if o.dir == "" {
				continue
			}
			current[filepath.Join(dir, file.Name)] = true
		}
	}
	return current
}

func (o *output) clean(streams Streams, cleans []cleaning) error {
	for _, c := range cleans {
		if len(c.plan.Remove) == 0 {
			continue
		}
		if err := manifest.RemoveEarlier(c.root, c.plan.Remove); err != nil {
			return fmt.Errorf("removing what an earlier run wrote: %w", err)
		}
		fmt.Fprintf(streams.Err, "removed %d files of an earlier run from %s: %s\n", len(c.plan.Remove), c.root, strings.Join(c.plan.Remove, ", "))
	}
	return nil
}
