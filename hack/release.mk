##@ Release
components: ## Renders infrastructure-components.yaml into out/; VERSION is the image's tag, DIGEST its digest
	cd hack/release && go run . components --version=$(VERSION) --digest=$(DIGEST)
.PHONY: components

release: ## Writes all that a release uploads into out/VERSION: make release VERSION=v0.11.0 DIGEST=sha256:...
	cd hack/release && go run . assets --version=$(VERSION) --digest=$(DIGEST)
.PHONY: release

release-twice: ## The same twice, and compares the bytes; builds every command for every platform
	cd hack/release && go run . assets --version=$(VERSION) --out=$(CURDIR)/out/first > /dev/null
	cd hack/release && go run . assets --version=$(VERSION) --out=$(CURDIR)/out/second > /dev/null
	diff -r out/first out/second && echo "twice the same bytes"
.PHONY: release-twice

release-tags: ## Prints the tags of the modules, in the order in which they are pushed
	@cd hack/release && go run . tags
.PHONY: release-tags

chart-files: ## Renews the files of the chart that come from config/
	cd hack/release && go run . chart
.PHONY: chart-files

test-release: ## What a release consists of, and the chart
	cd hack/release && go test ./...
.PHONY: test-release
