package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// classesDir holds a file for each ClusterClass, with its templates, and the record of what was published.
const classesDir = "templates/clusterclass"

// errClassChanged means that a published class has another content now (docs/adr/0034).
var errClassChanged = errors.New("a published ClusterClass may not change, as clusters use it: give the changed class and its templates new names, in a file of their own")

// classDigests returns the digest of the objects in each class file, by the file's name. Comments, order and form do not
// count.
func classDigests(root string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(root, classesDir, "clusterclass-*.yaml"))
	if err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if digests[filepath.Base(path)], err = digestOf(text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return digests, nil
}

func digestOf(stream []byte) (string, error) {
	var canonical []string
	for _, document := range documents(stream) {
		var object any
		if err := yaml.Unmarshal(document, &object); err != nil {
			return "", err
		}
		if object == nil {
			continue
		}
		text, err := json.Marshal(object)
		if err != nil {
			return "", err
		}
		canonical = append(canonical, string(text))
	}
	slices.Sort(canonical)
	sum := sha256.Sum256([]byte(strings.Join(canonical, "\n")))
	return hex.EncodeToString(sum[:]), nil
}

// published reads the record; no record means that nothing was published.
func published(root string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(root, classesDir, "published.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	record := map[string]string{}
	return record, yaml.UnmarshalStrict(text, &record)
}

// checkClasses compares the classes of a tree with the record.
func checkClasses(digests, record map[string]string) error {
	for _, name := range sortedKeys(record) {
		if digests[name] != record[name] {
			return fmt.Errorf("%s: %w", name, errClassChanged)
		}
	}
	return nil
}

// publishClasses records all classes of a tree. It is part of the commit that is released.
func publishClasses(root string) error {
	digests, err := classDigests(root)
	if err != nil {
		return err
	}
	record, err := published(root)
	if err != nil {
		return err
	}
	if err := checkClasses(digests, record); err != nil {
		return err
	}
	text, err := yaml.Marshal(digests)
	if err != nil {
		return err
	}
	header := "# Digests of the ClusterClasses that a release has published, which no one may change any more: docs/adr/0034.\n"
	return writeFile(filepath.Join(root, classesDir, "published.yaml"), append([]byte(header), text...))
}
