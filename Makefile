# Everything a person runs here. Each target sets up what it needs first.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Debian keeps servers such as mosquitto where a user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

SHIPPED := protocols hardware_keys firmware_bridge edge_agent fleet tui

given = $(filter-out 0 no false,$($(1)))

.PHONY: help setup debian demo test unit lint types format hooks screens bench-ingest bench-console bench-log bench-revocation bench-close bench-cancel bench-media bench-rota bench-paging bench-serial fault-brick fault-kill fault-hostile fault-openings fault-sequencer fault-witness isolation attack-updates rollout-500 fuzz-api fuzz-deployments fuzz-frames fuzz-grants fuzz-receipt year tpm agree-tree agree-rota agree-wireviz tamper-log canary-openings count-openings clock-openings clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv what uv.lock says (fast when it already is)
	@scripts/bootstrap

debian: # What the tests need of the system; the demo needs none of it.
	@scripts/debian-setup

demo: setup ## Run a whole fleet here: HEADLESS=1 UNITS=20 SECONDS=30 RESET=1 NO_WEEK=1
	@$(BIN)/fleet demo $(if $(call given,HEADLESS),--headless) $(if $(UNITS),--units $(UNITS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(call given,RESET),--reset) $(if $(call given,NO_WEEK),--no-week)

test: setup debian ## All checks: lint, import rules, then types beside every test, in three workers
	@$(MAKE) lint
	@$(MAKE) types & types=$$!; $(PYTEST) -n 3 --dist worksteal $(ARGS); tests=$$?; \
		wait $$types || { echo "mypy found mistakes: they are above"; exit 1; }; exit $$tests

unit: setup ## Only the tests of pure rules: quick
	@$(PYTEST) tests/unit $(ARGS)

lint: setup ## Style, mistakes and import rules
	@echo "ruff check" && $(BIN)/ruff check --quiet .
	@echo "ruff format" && $(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --diff --quiet .; exit 1; }
	@echo "import rules" && $(BIN)/lint-imports --no-logo > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }

types: setup ## Strict type checking, tests included
	@echo "mypy" && $(BIN)/mypy --no-error-summary

format: setup ## Put the sources into their one form
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

hooks: setup ## Judge every commit as make test would (pre-commit, no network)
	@$(BIN)/pre-commit install

screens: setup ## Draw the pictures of the console in docs/ anew
	@$(BIN)/python -m tests.screens

bench-ingest: setup debian ## Reports per second, publish to acknowledged, with the ceilings of this machine
	@$(BIN)/python -m tests.bench.ingest

bench-console: setup ## The console with 10,000 units: key to paint, CPU
	@$(BIN)/python -m tests.bench.console

bench-log: setup ## Appends to the deployment log a second until they are leaves, beside a row lock and a bare COPY
	@$(BIN)/python -m tests.bench.log $(ARGS)

bench-revocation: setup debian ## Seconds from revoking a unit to its session closed and its return refused, 200 runs on each broker
	@$(BIN)/python -m tests.bench.revocation $(ARGS)

bench-close: setup debian ## How late a capture's device is really closed, beside an asyncio timer: RUNS=1000
	@$(BIN)/python -m tests.bench.close $(if $(RUNS),--runs $(RUNS)) $(ARGS)

bench-cancel: setup debian ## Milliseconds from cancelling a mandate to its camera really closed, beside the API's answer: RUNS=200
	@$(BIN)/python -m tests.openings.cancel $(if $(RUNS),--runs $(RUNS)) $(ARGS)

bench-media: setup debian ## First picture, glass to glass, and processor shares, passing through against encoding: FIRSTS=20
	@$(BIN)/python -m tests.bench.media $(if $(FIRSTS),--firsts $(FIRSTS)) $(ARGS)

bench-rota: setup ## A year's rota for 12 and for 20 people: first feasible, within 1 %, proven, beside longest-rested-first
	@$(BIN)/python -m tests.bench.rota $(ARGS)

bench-paging: setup ## From a tamper input to a mail and a webhook, then who is paged when: ARGS=runs
	@$(BIN)/python -m tests.alarms.paging_times $(ARGS)

fault-brick: setup ## Cut power and cable at every message and every flash write of a simulated microcontroller's update: SAMPLE=100
	@$(BIN)/python -m tests.fault.brick $(if $(SAMPLE),--sample $(SAMPLE)) $(ARGS)

bench-serial: setup ## KiB/s of an image over a paced serial line at 115200 and 921600, beside smpmgr on the same line
	@$(BIN)/python -m tests.bench.serial $(ARGS)

fault-kill: setup debian ## Kill agent, broker, controller and database at random under load; count what is lost
	@$(BIN)/python -m tests.fault.kill $(ARGS)

fault-hostile: setup debian ## Units and controller under a dishonest broker: ROUNDS=10, each with a seed of its own
	@$(BIN)/python -m tests.fault.hostile $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

fault-openings: setup debian ## A whole fleet whose cameras, agents, controller and broker fail while units are open: ROUNDS=5
	@$(BIN)/python -m tests.openings.faults $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

canary-openings: setup debian ## Search every disk of a fleet for what its cameras and receivers gave: SESSIONS=100
	@$(BIN)/python -m tests.openings.canary $(if $(SESSIONS),--sessions $(SESSIONS)) $(ARGS)

count-openings: setup debian ## Openings as the cameras' ends count them, against the log, agents killed meanwhile: OPENINGS=1000
	@$(BIN)/python -m tests.openings.completeness $(if $(OPENINGS),--openings $(OPENINGS)) $(ARGS)

clock-openings: setup debian ## Openings tried with a clock set back into the window of a mandate that is over: TRIES=10000
	@$(BIN)/python -m tests.openings.clock $(if $(TRIES),--tries $(TRIES)) $(ARGS)

rollout-500: setup debian ## A rollout to 500 simulated units of which 5 % fail: UNITS=500 FAILING=25
	@$(BIN)/python -m tests.rollouts.five_hundred $(if $(UNITS),--units $(UNITS)) $(if $(FAILING),--failing $(FAILING)) $(ARGS)

fault-witness: setup ## Split views, restored backups, replays and kills against a real witness: ROUNDS=100
	@$(BIN)/python -m tests.witness $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

fault-sequencer: setup ## Kill whichever controller sequences the log, KILLS=200 times; count entries, leaves and trees
	@$(BIN)/python -m tests.fault.sequencer $(if $(KILLS),--kills $(KILLS)) $(ARGS)

isolation: setup debian ## Who can reach whom at a broker: every identity, topic and operation; BROKER=mosquitto
	@$(BIN)/python -m tests.isolation $(if $(BROKER),--broker $(BROKER)) $(ARGS)

year: setup ## A simulated year of certificates, roots and outages: ARGS="--seed 3"
	@$(BIN)/python -m tests.year $(ARGS)

attack-updates: setup ## What somebody between a unit and its releases can try: ARGS="--damaged 20000 --seed 3"
	@$(BIN)/python -m tests.tuf $(ARGS)

fuzz-api: setup debian ## The API against its own description, for longer: EXAMPLES=500 SEED=1
	@MUSTER_TEST_FUZZ_EXAMPLES=$(or $(EXAMPLES),500) MUSTER_TEST_FUZZ_SEED=$(or $(SEED),1) MUSTER_TEST_FUZZ_SHARE=1 \
		$(PYTEST) tests/integration/test_openapi_fuzz.py -o timeout=0 $(ARGS)

fuzz-deployments: setup debian ## Deployments by several people in any order, every promise checked after each move: ARGS="--sequences 2000"
	@$(BIN)/python -m tests.fuzz.deployments $(ARGS)

fuzz-frames: setup ## Damaged frames before every parser of the serial side: ARGS="--frames 1000000 --parser nmea"
	@$(BIN)/python -m tests.fuzz.frames $(ARGS)

fuzz-grants: setup ## Damaged, stolen, late and forged grants before a unit's decision: ARGS="--documents 1000000 --steps 100000"
	@$(BIN)/python -m tests.fuzz.grants $(ARGS)

fuzz-receipt: setup ## Receipts by a dishonest sender, for longer: EXAMPLES=200000 SEED=1
	@MUSTER_TEST_RECEIPT_EXAMPLES=$(or $(EXAMPLES),200000) MUSTER_TEST_RECEIPT_SEED=$(or $(SEED),1) \
		$(PYTEST) tests/unit/protocols/test_protocol_tlog_fuzz.py -o timeout=0 $(ARGS)

tpm: setup debian ## A unit's key in a TPM, in software; needs Debian's swtpm tpm2-tools libtpm2-pkcs11-1 libtpm2-pkcs11-tools
	@$(PYTEST) tests/tpm/unit_in_tpm.py $(ARGS)

agree-tree: setup ## Roots and proofs of random trees against two libraries of others: TREES=10000
	@$(BIN)/python -m tests.agree.trees $(if $(TREES),--trees $(TREES)) $(ARGS)

agree-rota: setup ## The rota's rules against a slow oracle on random books, across every clock change to 2030: ROTAS=10000
	@$(BIN)/python -m tests.rota.agreement $(if $(ROTAS),--rotas $(ROTAS)) $(ARGS)

agree-wireviz: setup debian ## WireViz's own examples imported, drawn and exported again: ARGS="--from A_COPY_OF_ITS_REPOSITORY"
	@$(BIN)/python -m tests.wireviz $(ARGS)

tamper-log: setup ## Damage an export of the log in every way; count what its auditor does not find: ENTRIES=10000
	@$(BIN)/python -m tests.tamper.tampering $(if $(ENTRIES),--entries $(ENTRIES)) $(ARGS)

clean: ## Remove everything that the other targets made here, the demo's data included
	rm -rf .venv .venv-bench .venv-tools .muster build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(SHIPPED) tests -name __pycache__ -type d -prune -exec rm -rf {} +
