# SPDX-License-Identifier: MIT
# One-word tasks. Each does its own set-up: on a fresh machine `make run` is enough.
.DEFAULT_GOAL := help
.PHONY: help deps build run test lint fmt bench campaign clean
# Two builds at once only fight for the same cores; ninja is parallel by itself.
.NOTPARALLEL:

help:  ## this table
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:  ## install what is missing (apt, pinned Node); instant when nothing is
	@tools/deps

build:  ## release build, in build/release/bin
	@tools/deps --ahead && tools/build release apps/all

run:  ## start (or replace) the daemon and show a first task
	@tools/run

test:  ## every test, with address and undefined behaviour sanitizers
	@tools/deps --ahead && tools/test

lint: deps  ## formatting, layers and house rules
	@tools/lint/run && tools/ui check

fmt: deps  ## format all C++ files in place
	@tools/lint/run --fix

bench: deps  ## measure the release build
	@tools/build release apps/all bench/all pryx_sandbox_lab pryx_audit_campaign && bench/run $(BENCH_ARGS)

campaign: deps  ## hours: thread sanitizer, clang-tidy, long simulation, crash and fuzz runs
	@tools/campaign

clean:  ## remove all build output (not .tools, not the ccache)
	rm -rf build
