# Sourced by the findings about Go packages: they write go.mod and a program into the temporary directory.
. "$(dirname "${BASH_SOURCE[0]}")/finding.sh"

export GOWORK=off CGO_ENABLED=0 GOFLAGS="-mod=mod -trimpath"

# run runs the program with the packages that go.mod pins; what it prints is in `seen`.
run() {
	go run . >seen 2>errors || { cat seen errors; exit 1; }
}
