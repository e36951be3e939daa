# Sourced by the libraries beside it: a temporary directory that is gone at the end, and the comparison with `expected`.
set -euo pipefail

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

# same compares what was seen with what this finding says.
same() {
	cat seen
	diff expected seen || { echo "the behavior has changed" >&2; exit 1; }
}
