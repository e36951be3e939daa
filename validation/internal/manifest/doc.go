// Package manifest reads Kubernetes manifests as people keep them: YAML and JSON, several documents in one file, Lists
// of objects, and whatever else lies in the same directory.
package manifest
