// Package bench holds no code of its own. Its benchmark runs caphv-lint and kubeconform, the linter that the field uses,
// on the same files.
package bench
