package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"time"
)

// bill is a software bill of materials in SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/): the commands, and the modules
// that the Go toolchain recorded in them.
type bill struct {
	version  string
	created  time.Time
	packages map[string]spdxPackage
	relates  map[spdxRelation]bool
}

type spdxPackage struct {
	ID           string         `json:"SPDXID"`
	Name         string         `json:"name"`
	Version      string         `json:"versionInfo"`
	Location     string         `json:"downloadLocation"`
	Analyzed     bool           `json:"filesAnalyzed"`
	Purpose      string         `json:"primaryPackagePurpose"`
	Checksums    []spdxChecksum `json:"checksums,omitempty"`
	ExternalRefs []spdxRef      `json:"externalRefs,omitempty"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelation struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const spdxDocument = "SPDXRef-DOCUMENT"

func newBill(version string, created time.Time) *bill {
	return &bill{version: version, created: created, packages: map[string]spdxPackage{}, relates: map[spdxRelation]bool{}}
}

var outsideIDs = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func spdxID(parts ...string) string {
	id := "SPDXRef"
	for _, part := range parts {
		id += "-" + outsideIDs.ReplaceAllString(part, "-")
	}
	return id
}

// add reads what a program consists of.
func (b *bill) add(name, platform, path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read what %s was built of: %w", name, err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	program := spdxPackage{
		ID: spdxID(name, platform), Name: name + " " + platform, Version: b.version, Location: "NOASSERTION", Purpose: "APPLICATION",
		Checksums: []spdxChecksum{{"SHA256", fmt.Sprintf("%x", sha256.Sum256(content))}},
	}
	b.packages[program.ID] = program
	b.relates[spdxRelation{spdxDocument, "DESCRIBES", program.ID}] = true
	b.depend(program.ID, "stdlib", info.GoVersion)
	for _, dependency := range info.Deps {
		if dependency.Replace != nil {
			dependency.Version = b.version // A sibling in this tree.
		}
		b.depend(program.ID, dependency.Path, dependency.Version)
	}
	return nil
}

func (b *bill) depend(program, path, version string) {
	library := spdxPackage{
		ID: spdxID(path, version), Name: path, Version: version, Location: "NOASSERTION", Purpose: "LIBRARY",
		ExternalRefs: []spdxRef{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + version}},
	}
	b.packages[library.ID] = library
	b.relates[spdxRelation{program, "DEPENDS_ON", library.ID}] = true
}

// json is the document. It depends on what was added and on nothing else.
func (b *bill) json() ([]byte, error) {
	relations := map[string]spdxRelation{}
	for relation := range b.relates {
		relations[relation.Element+" "+relation.Type+" "+relation.Related] = relation
	}
	text, err := json.MarshalIndent(map[string]any{
		"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": spdxDocument, "name": "caphv " + b.version,
		"documentNamespace": "https://github.com/rancher-sandbox/cluster-api-provider-harvester/releases/" + b.version + "/caphv.spdx.json",
		"creationInfo":      map[string]any{"created": b.created.Format(time.RFC3339), "creators": []string{"Tool: hack/release"}},
		"packages":          sortedValues(b.packages),
		"relationships":     sortedValues(relations),
	}, "", "  ")
	return append(text, '\n'), err
}

func sortedValues[V any](values map[string]V) []V {
	result := make([]V, 0, len(values))
	for _, key := range sortedKeys(values) {
		result = append(result, values[key])
	}
	return result
}
