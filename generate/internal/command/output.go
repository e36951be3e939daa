package command

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/manifest"
)

// output says where the manifests go.
type output struct {
	dir, secrets string
}

// besideManifests is where Secrets go when --split-secrets names no directory.
const besideManifests = "secrets"

func (o *output) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.dir, "output", "", "directory to write one file per object into, instead of standard output")
	flags.StringVar(&o.secrets, "split-secrets", "",
		"write Secrets into a directory of their own that Git ignores: --split-secrets=DIR, or \"secrets\" within --output")
	flags.Lookup("split-secrets").NoOptDefVal = besideManifests
}

// toFiles tells whether the user asked for files.
func (o *output) toFiles() bool { return o.dir != "" || o.secrets != "" }

// write puts the clusters' objects where they belong, and removes what earlier runs left of the same clusters. stream says
// whether standard output gets what no file does.
func (o *output) write(streams Streams, clusters []built, stream bool) error {
	cleans, err := o.planClean(streams, clusters)
	if err != nil {
		return err
	}
	counts := make([]int, len(clusters))
	rests := make([][]*unstructured.Unstructured, len(clusters))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, cluster := range clusters {
		group.Go(func() (err error) {
			counts[i], rests[i], err = o.writeFiles(manifest.Files(cluster.objects), placeOf(clusters, cluster))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%w: %s names another directory", err, o.flags())
	}
	if err := o.clean(streams, cleans); err != nil {
		return err
	}
	count, rest := 0, slices.Concat(rests...)
	for _, written := range counts {
		count += written
	}
	if o.toFiles() {
		fmt.Fprintf(streams.Err, "wrote %d objects to %s\n", count, o.places())
	}
	if !stream || len(rest) == 0 {
		return nil
	}
	return manifest.Write(streams.Out, rest)
}

// placeOf is a cluster's directory below the one that is named.
func placeOf(clusters []built, cluster built) string {
	if len(clusters) < 2 { //nolint:mnd // One cluster has the directory for itself.
		return ""
	}
	return filepath.Join(cluster.settings.Namespace, cluster.settings.Name)
}

// writeFiles writes a cluster's files, and returns how many there are and the objects that none is for.
func (o *output) writeFiles(files manifest.FileSet, place string) (int, []*unstructured.Unstructured, error) {
	count := 0
	if o.secrets != "" {
		secrets := files.Take("Secret")
		count = len(secrets)
		if err := o.split(secrets, place); err != nil {
			return 0, nil, err
		}
	}
	if o.dir == "" {
		return count, files.Objects(), nil
	}
	return count + len(files), nil, files.Write(filepath.Join(o.dir, place))
}

// split writes Secrets apart, and removes what a run without --split-secrets left of them among the other files.
func (o *output) split(secrets manifest.FileSet, place string) error {
	if err := secrets.WritePrivate(o.secretsDir(place)); err != nil || o.dir == "" {
		return err
	}
	return secrets.Remove(filepath.Join(o.dir, place))
}

func (o *output) secretsDir(place string) string {
	if o.secrets == besideManifests {
		return filepath.Join(o.dir, place, o.secrets)
	}
	return filepath.Join(o.secrets, place)
}

// flags are those that chose the directories.
func (o *output) flags() string {
	switch {
	case o.secrets == "":
		return "--output"
	case o.dir == "":
		return "--split-secrets"
	}
	return "--output or --split-secrets"
}

func (o *output) places() string {
	switch {
	case o.secrets == "":
		return o.dir
	case o.dir == "":
		return o.secretsDir("")
	}
	return o.dir + ", Secrets to " + o.secretsDir("")
}

// all are the objects of all clusters, without the namespaces that several share.
func all(clusters []built) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	namespaces := make(map[string]bool)
	for _, cluster := range clusters {
		for _, object := range cluster.objects {
			if object.GetKind() == "Namespace" {
				if namespaces[object.GetName()] {
					continue
				}
				namespaces[object.GetName()] = true
			}
			objects = append(objects, object)
		}
	}
	return objects
}
