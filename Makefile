# `make run` starts everything on this machine, `make test` runs what CI runs, `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Folder with everything that the local stack keeps.
DATA ?= ./data
# More arguments for the local stack, such as ARGS="--listen 127.0.0.1:8081".
ARGS ?=

# On a terminal Cargo shows how far it is; elsewhere only warnings and errors are of use.
quiet := $(shell test -t 2 || echo --quiet)

.PHONY: help
help: ## Lists the targets.
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: programs
programs:
	@command -v cargo >/dev/null || { echo "Cargo is needed: https://rustup.rs" >&2; exit 1; }
	@[ -x target/debug/straightway-local ] || echo "Building. The first time takes about 10 minutes on two cores."
	@# --examples (there are none) builds with the features of test dependencies: so `make test` compiles nothing anew.
	@cargo build --locked $(quiet) --workspace --bins --examples

.PHONY: run
run: programs ## Builds and starts everything on this machine; Ctrl-C ends it.
	@exec target/debug/straightway-local --data $(DATA) $(ARGS)

.PHONY: cli
cli: programs ## Builds the command line and prints where it is.
	@echo target/debug/straightway

.PHONY: test
test: ## Runs all that CI runs: under an hour on two cores from nothing.
	@scripts/check.sh

.PHONY: test-full
test-full: ## The same with 8 GiB files, 1,000 kills, and the packages for Lambda.
	@STRAIGHTWAY_FULL=1 scripts/check.sh

.PHONY: lint
lint: ## Formatting, clippy, licences and banned packages, documents.
	cargo fmt --all --check
	python3 scripts/deny.py
	python3 scripts/check-docs.py
	cargo clippy --locked --workspace --all-targets -- --deny warnings

.PHONY: fmt
fmt: ## Formats all Rust code.
	cargo fmt --all

.PHONY: doc
doc: ## Builds the documentation of all crates in target/doc.
	RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps --lib --examples

.PHONY: docs
docs: ## Writes the generated parts of the documents anew.
	python3 scripts/check-docs.py --write

.PHONY: openapi
openapi: ## Writes openapi.json anew from the code.
	UPDATE_OPENAPI=1 cargo test --locked --workspace openapi

.PHONY: vectors
vectors: ## Writes tests/vectors/content-hash.json anew.
	python3 scripts/make-vectors.py

.PHONY: bench
bench: ## Measures signing against aws-sdk-s3 and rusty-s3; a release build, some minutes the first time.
	cargo bench --locked --package straightway-signer

.PHONY: model
model: ## Checks the life cycle protocol in every configuration, some minutes.
	@cargo run --locked --quiet --package straightway-model

.PHONY: defences
defences: venv ## Takes each defence out and looks whether its tests notice; about half an hour.
	@scripts/defences.py

.PHONY: package
package: venv ## Builds each function for Lambda: dist/<function>.zip; ARCH=x86-64 or arm64.
	scripts/package.sh

.PHONY: venv
venv: .venv/.installed ## Installs the pinned Python tools that tests and packaging need into .venv.

.venv/.installed: tests/tools/requirements.txt scripts/venv.sh
	@scripts/venv.sh

.PHONY: clean-data
clean-data: ## Deletes the local stack's data: accounts, files, everything.
	@[ -e $(DATA)/keys.json ] || { echo "$(DATA) holds no data of Straightway" >&2; exit 1; }
	@flock --nonblock $(DATA)/bucket/lock true || { echo "$(DATA) is in use: stop make run first" >&2; exit 1; }
	@du -sh $(DATA) && rm -r $(DATA) && echo "deleted"
