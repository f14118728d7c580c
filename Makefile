# What people and CI run. Every target sets up what it needs; see scripts/ for how.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

.PHONY: help setup build demo test bench asan tsan format lint install nightly clean

help: ## list the targets
	@echo "Fletcher: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1	\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## install the Debian and Python packages that build and tests need (root or sudo)
	@scripts/setup

build: setup ## build/release/fletcher
	@cmake --preset release >/dev/null
	@cmake --build build/release -j $(JOBS) --target fletcher

demo: build ## embed a few sentences, draw which are alike, compare with Hugging Face's vector
	@FLETCHER_MINILM="$$(scripts/fetch-default-model)" python3 scripts/demo.py

test: setup ## everything a change must pass (25 minutes on 2 cores at most)
	@scripts/test

bench: build ## speed of every precision and op on this machine, in percent of its measured peak
	@scripts/bench

asan: setup ## the suites under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/test asan

tsan: setup ## the suites with threads under ThreadSanitizer
	@scripts/test tsan

format: setup ## rewrite the C++ files in the house format
	@git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc' ':!*_tables.cc' | xargs -0 -r clang-format-19 -i

lint: setup ## format, include edges, scripts, clang-tidy on changed files
	@scripts/lint

install: build ## install under PREFIX (default /usr/local)
	@cmake --install build/release --prefix "$(PREFIX)"

nightly: setup ## what takes longer: second compiler, fuzzers, all of TSan, differential tests, comparison with peers
	@scripts/nightly

clean: ## remove build/
	@rm -rf build
