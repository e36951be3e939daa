# Every command of the project. `make help` lists them.
# Modules build with GOWORK=off: what is tested is what an importer gets.
# All builds have the same flags, so that a package is compiled once; only the race detector needs others.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export GOWORK := off
export GOFLAGS := -trimpath
export CGO_ENABLED := 0
export KUBEBUILDER_ASSETS ?= $(CURDIR)/bin/assets

LIBRARIES := api cloudinit etcdops harvesterclient internal ipam observability simulator validation
PROGRAMS  := generate provider sandbox
CONFORMANCE := $(patsubst %/go.mod,%,$(wildcard conformance/*/go.mod))
# All modules, unless named: make test MODULES="ipam api"
MODULES   ?= $(LIBRARIES) $(PROGRAMS)
NAMED     := $(if $(filter-out default undefined file,$(origin MODULES)),$(MODULES))
NESTED    := $(patsubst %/go.mod,%,$(wildcard api/test/go.mod provider/bench/go.mod validation/bench/go.mod))
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# What the tests of the modules need: nothing, an API server, or everything that a sandbox runs.
ASSETS   = $(if $(filter-out cloudinit ipam observability validation hack/checks,$(MODULES)),assets)
ADMISSION = $(if $(filter sandbox simulator,$(MODULES)),kubevirt-admission)
PROGRAMS_OF_E2E = $(if $(filter sandbox,$(MODULES)),sandbox-programs)
SUITE    = go build -C hack/checks -o $(CURDIR)/bin/suite ./suite/cmd/suite && bin/suite -modules "$(NAMED)" -base "$(BASE)" $(SUITE_FLAGS)
BASE    ?= main
LDFLAGS := -s -w -X main.version=$(VERSION) -X github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/manager.version=$(VERSION)

# Tools are pinned by the go.mod files below hack/tools; nothing is installed.
TOOLMODULES    := $(patsubst %/go.mod,%,$(wildcard hack/tools/*/go.mod))
PROGRAMMODULES := $(patsubst %/go.mod,%,$(wildcard sandbox/programs/*/go.mod))
tool            = go tool -modfile=$(CURDIR)/hack/tools/$(1)/go.mod $(2)
CONTROLLER_GEN := $(call tool,gen,controller-gen)
KUSTOMIZE      := cd hack/tools/kustomize && go tool kustomize
KO             := $(call tool,release,ko)
ACTIONLINT     := cd hack/tools/audit && go tool actionlint
GOVULNCHECK    := $(call tool,audit,govulncheck)
BENCHSTAT      := $(call tool,bench,benchstat)

##@ Look
help: ## Lists the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z_-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
.PHONY: help

##@ Build
build: bin/caphv-sandbox ## Builds our programs into bin/
	go build -C provider -ldflags '$(LDFLAGS)' -o ../bin/manager ./cmd/manager
	go build -C provider -ldflags '$(LDFLAGS)' -o ../bin/caphv-doctor ./cmd/caphv-doctor
	go build -C provider -ldflags '$(LDFLAGS)' -o ../bin/caphv-ipam ./cmd/caphv-ipam
	go build -C provider -ldflags '$(LDFLAGS)' -o ../bin/caphv-restore ./cmd/caphv-restore
	go build -C generate -ldflags '$(LDFLAGS)' -o ../bin/caphv-generate ./cmd/caphv-generate
	go build -C validation -ldflags '$(LDFLAGS)' -o ../bin/caphv-lint ./cmd/caphv-lint
	go build -C etcdops -ldflags '$(LDFLAGS)' -o ../bin/caphv-etcd ./cmd/caphv-etcd
	go build -C simulator -ldflags '$(LDFLAGS)' -o ../bin/caphv-simulator ./cmd/caphv-simulator
.PHONY: build

bin/caphv-sandbox: FORCE
	@echo "building caphv-sandbox (the first time downloads and compiles its dependencies: a few minutes)"
	@go build -C sandbox -v -ldflags '$(LDFLAGS)' -o ../bin/caphv-sandbox ./cmd/caphv-sandbox 2>&1 | hack/progress
FORCE:

assets: bin/caphv-sandbox ## Builds etcd and Kubernetes for the tests that need an API server
	bin/caphv-sandbox build --assets
.PHONY: assets

kubevirt-admission: bin/caphv-sandbox ## Builds KubeVirt's admission, which the simulator of Harvester asks about every VM
	bin/caphv-sandbox build kubevirt-admission
.PHONY: kubevirt-admission

image: ## Builds the manager's image with ko; KO_DOCKER_REPO says where to
	cd provider && VERSION=$(VERSION) $(KO) build --bare --sbom=none $(KO_FLAGS) ./cmd/manager
.PHONY: image

image-test: ## Builds the image into a registry on loopback and looks at what is in it
	hack/test-image
.PHONY: image-test

include hack/release.mk

##@ Run
demo: bin/caphv-sandbox ## Brings up a cluster on this machine, scales it, deletes it, counts what is left
	bin/caphv-sandbox demo $(DEMO_FLAGS)
.PHONY: demo

##@ Test
check: ## What changed since main (BASE), vetted, with its unit tests and the checks of the project: under a minute
	@$(SUITE) check
.PHONY: check

test: $(ASSETS) $(PROGRAMS_OF_E2E) ## Everything that a change must pass; make test MODULES="ipam api" runs these modules alone
	@$(SUITE) test
	@echo "every tier passed"
.PHONY: test

test-long: $(ASSETS) $(PROGRAMS_OF_E2E) ## Everything, with the race detector, the long tests, fuzzing, benchmarks and guests: hours
	@$(SUITE) long
	$(MAKE) --no-print-directory fuzz bench test-cloud-init test-guests test-page
.PHONY: test-long

deflake: $(ASSETS) ## The tests of what changed, 20 times, with the race detector and under load
	@$(SUITE) deflake
.PHONY: deflake

test-project: assets ## The checks of the project: imports, versions, importers' builds of every library and of the simulator
	@$(SUITE) -tiers project test
.PHONY: test-project

test-unit: $(ASSETS) $(ADMISSION) ## Unit and API-server tests of each module
	@$(SUITE) -tiers unit test
.PHONY: test-unit

test-conformance: assets ## Upstream's own code validates ours
	@$(SUITE) -tiers conformance test
.PHONY: test-conformance

test-e2e: sandbox-programs ## A cluster's whole life against real servers, with faults
	@$(SUITE) -tiers e2e test
.PHONY: test-e2e

sandbox-programs: build
	bin/caphv-sandbox build
.PHONY: sandbox-programs

test-cloud-init: ## cloud-init, an old and a new release, validates what we render; needs Debian and, the first time, root
	sh cloudinit/judge/install.sh "$(CLOUD_INIT_NEW)"
	cd cloudinit && CLOUD_INIT_NEW="$(CLOUD_INIT_NEW)" go test -tags judge ./judge/
CLOUD_INIT_NEW ?= $(CURDIR)/.cache/cloud-init
.PHONY: test-cloud-init

test-guests: ## Debian 12 and 13 boot under qemu with our cloud-init data; needs Debian and, the first time, root
	sh cloudinit/guest/image.sh "$(GUEST_IMAGES)" bookworm trixie
	cd cloudinit && GUEST_IMAGES="$(GUEST_IMAGES)" go test -tags guest -v -count=1 -timeout=60m ./guest/
GUEST_IMAGES ?= $(CURDIR)/.cache/guests
.PHONY: test-guests

test-page: ## The status page in headless Chromium; needs Debian and, the first time, root
	command -v chromium >/dev/null || { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; }
	cd provider/browser && GOWORK=off go test -tags browser -count=1 ./...
.PHONY: test-page

test-monitoring: ## Alert rules fire, resolve and stay silent on written series, and every change of a rule is noticed
	cd hack/tools/monitoring && CGO_ENABLED=0 GOFLAGS=-trimpath go test ./...
.PHONY: test-monitoring

fuzz: ## Runs every fuzz target for FUZZTIME (20s)
	@for module in $(MODULES); do (cd $$module && for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "== $$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime=$(FUZZTIME) $$package; done; done); done
FUZZTIME ?= 20s
.PHONY: fuzz

bench: $(ADMISSION) ## Runs the benchmarks; compare two runs with: make benchstat OLD=a.txt NEW=b.txt
	@for module in $(MODULES); do (cd $$module && go test -run '^$$' -bench . -benchmem -count=$(BENCHCOUNT) ./...); done
BENCHCOUNT ?= 1
.PHONY: bench

bench-ipam: assets ## Address allocation against host-local and against writers that do not combine; about 3 minutes
	cd provider/bench && go test -run '^$$' -bench Allocate . && go test -run '^$$' -bench 'Fill|Durable' -benchtime 1x . 2>/dev/null
.PHONY: bench-ipam

bench-lint: ## caphv-lint against kubeconform on the same files; about half a minute
	cd validation/bench && go test -run '^$$' -bench Linters -benchtime 5x .
.PHONY: bench-lint

benchstat: ## Compares two benchmark outputs
	$(BENCHSTAT) $(OLD) $(NEW)
.PHONY: benchstat

##@ Check
lint: ## golangci-lint with kube-api-linter, and actionlint
	go build -C hack/tools/lint -o ../../../bin/golangci-lint .
	@for module in $(MODULES) $(NESTED); do echo "== $$module"; (cd $$module && $(CURDIR)/bin/golangci-lint run --config=$(CURDIR)/.golangci.yml ./...); done
	$(ACTIONLINT) $(CURDIR)/.github/workflows/*.yml
.PHONY: lint

verify: ## Fails if a generated file or a go.mod is not up to date
	@before=$$($(FINGERPRINT)); $(MAKE) --no-print-directory generate tidy; after=$$($(FINGERPRINT)); \
	if [ "$$before" != "$$after" ]; then \
	  echo "these were not up to date; they are now, look at them and commit:"; \
	  diff <(echo "$$before") <(echo "$$after") | sed -n 's/^> [0-9a-f]*  /  /p'; exit 1; fi
	$(KUSTOMIZE) build $(CURDIR)/config/default > /dev/null
.PHONY: verify
FINGERPRINT = git ls-files -co --exclude-standard -- '*.go' '*go.mod' '*go.sum' '*.yaml' '*RULES.md' 'config/grafana/*.json' 'docs/observability-*.md' 'docs/harvester-rights.md' 'validation/internal/schema/definitions/*.json' | sort | xargs sha256sum

generate: ## Writes deep copies, CRDs with the rules' CEL, schemas for caphv-lint, the copy of the ClusterClass, the rules' documentation, alert rules, dashboard, reference pages, the role on Harvester
	cd api && $(CONTROLLER_GEN) object paths=./v1alpha1/... paths=./v1beta1/...
	cd api && $(CONTROLLER_GEN) crd paths=./v1alpha1/... paths=./v1beta1/... output:crd:dir=../config/crd/bases
	cd validation && go run ./internal/crd/gen ../config/crd/bases/*.yaml
	cd harvesterclient && go run ./rights/internal/page/gen ..
	cd harvesterclient && $(CONTROLLER_GEN) object paths=./loadbalancer/... paths=./harvesterhci/... paths=./cni/...
	cd simulator && go generate ./internal/crds
	cd generate && go generate ./internal/clusterclass
	cd hack/tools/monitoring && go run . ../../..
	cd provider && go generate ./internal/optional
	cd hack/release && go run . chart
	cd validation && go run ./internal/class/gen ../templates/clusterclass/clusterclass-harvester-rke2.yaml internal/class/harvester-rke2.json
	cd validation && go run ./internal/schema/gen -out internal/schema/definitions -below spec.topology ../config/crd/bases/*.yaml \
	  "$$(cd ../provider && go list -m -f '{{.Dir}}' sigs.k8s.io/cluster-api)"/core/config/crd/bases/cluster.x-k8s.io_clusters.yaml
	cd validation && go run ./cmd/caphv-lint list -o markdown > RULES.md
	cd provider && go run ./internal/doctor/reference ..
	cd provider && go run ./internal/manager/reference ..
.PHONY: generate

tidy: ## go mod tidy in every module
	@for module in $(MODULES) $(NESTED) $(CONFORMANCE) hack/checks hack/release $(TOOLMODULES) $(PROGRAMMODULES); do (cd $$module && go mod tidy); done
.PHONY: tidy

vulncheck: ## Known vulnerabilities in what we ship
	@for module in $(LIBRARIES) generate provider; do echo "== $$module"; (cd $$module && $(GOVULNCHECK) ./...); done
.PHONY: vulncheck

##@ Clean
clean: ## Removes what was built; caches of Go stay
	rm -rf bin out .cache
.PHONY: clean
