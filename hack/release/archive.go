package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// entry is one file of an archive.
type entry struct {
	content    []byte
	executable bool
}

// archive makes a tar.gz of files by their names. Owners, order and times depend on nothing but the arguments.
func archive(files map[string]entry, changed time.Time) ([]byte, error) {
	var buffer bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	tarred := tar.NewWriter(compressed)
	for _, name := range sortedKeys(files) {
		file := files[name]
		header := &tar.Header{Name: name, Size: int64(len(file.content)), Mode: 0o644, ModTime: changed, Format: tar.FormatPAX}
		if file.executable {
			header.Mode = 0o755
		}
		if err := tarred.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := tarred.Write(file.content); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(tarred.Close(), compressed.Close()); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// readDir reads the files below a directory of the tree, by their names below prefix.
func readDir(root, dir, prefix string) (map[string]entry, error) {
	files := map[string]entry{}
	base := filepath.Join(root, dir)
	err := filepath.WalkDir(base, func(path string, file os.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		info, err := file.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(base, path)
		files[filepath.ToSlash(filepath.Join(prefix, relative))] = entry{content: content, executable: info.Mode()&0o100 != 0}
		return err
	})
	return files, err
}

// addChart adds the chart's package: version and image are those of the release.
func (s settings) addChart(assets map[string][]byte, changed time.Time) error {
	files, err := readDir(s.root, "charts/caphv", "caphv")
	if err != nil {
		return err
	}
	version := strings.TrimPrefix(s.image.Tag, "v")
	chart := string(files["caphv/Chart.yaml"].content)
	chart = regexp.MustCompile(`(?m)^version: .*$`).ReplaceAllString(chart, "version: "+version)
	chart = regexp.MustCompile(`(?m)^appVersion: .*$`).ReplaceAllString(chart, "appVersion: "+s.image.Tag)
	files["caphv/Chart.yaml"] = entry{content: []byte(chart)}
	if s.image.Digest != "" {
		values := files["caphv/values.yaml"].content
		pinned := bytes.Replace(values, []byte("\n  digest: \"\"\n"), fmt.Appendf(nil, "\n  digest: %q\n", s.image.Digest), 1)
		if bytes.Equal(pinned, values) {
			return fmt.Errorf("charts/caphv/values.yaml has no empty image.digest to set")
		}
		files["caphv/values.yaml"] = entry{content: pinned}
	}
	assets["caphv-"+version+".tgz"], err = archive(files, changed)
	return err
}

// addDirectories adds the examples and what an account on Harvester needs.
func (s settings) addDirectories(assets map[string][]byte, changed time.Time) error {
	for name, dir := range map[string]string{"examples": "examples", "harvester-account": "config/harvester"} {
		files, err := readDir(s.root, dir, name)
		if err != nil {
			return err
		}
		if assets[name+".tar.gz"], err = archive(files, changed); err != nil {
			return err
		}
	}
	return nil
}
