PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: bench bench-small dashboard demo screenshots test page page-tools evidence recount intake-2gib open-2gib bits faults soak powercuts targets variations fuzz page-proofs lint check format clean

# `make demo` and `make test` need Python 3.11+ with venv, make and git; nothing else.
demo: $(VENV)/.runtime
	$(BIN)/reprise demo

# a trial home with runs in several states and an account for each role, served on http://localhost:8710
dashboard: $(VENV)/.runtime
	$(BIN)/reprise demo --dashboard --patients 20

# pictures of every page of the dashboard in light, dark, phone and print, and what axe-core says of them; CI keeps the folder
SHOTS ?= screenshots
screenshots: $(VENV)/.dev page-tools
	PYTHONPATH=tests $(BIN)/python tests/dashboard/screenshots.py $(SHOTS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -rs -n auto --dist worksteal

# the long series whole, one after the other (docs/evidence.md)
evidence: soak powercuts recount bits page-proofs intake-2gib open-2gib targets variations fuzz bench faults

# a practice of 1,000 patients: each page recounted by a second program from export and package; the package migrated again
recount: $(VENV)/.dev
	REPRISE_RECOUNT_PATIENTS=1000 $(BIN)/python -m pytest -q -rs tests/flows/test_practice_documents.py \
		tests/flows/test_package_again.py -k "not test_a_sample"

# every bit of every file of a proof folder, one at a time
bits: $(VENV)/.dev
	REPRISE_EVERY_BIT=1 $(BIN)/python -m pytest -q -rs -s tests/flows/test_proof.py tests/unit/vault/test_every_bit.py -k every_bit

# every bit of a proof and of its zip, and each proof that another test makes, judged by the page and by vault/verify.py alike
page-proofs: $(VENV)/.dev page-tools
	rm -rf .proofs
	REPRISE_RECORD_PROOFS=$(CURDIR)/.proofs $(BIN)/python -m pytest -q tests/flows/test_proof.py tests/flows/test_proof_attacks.py \
		tests/flows/test_proof_lies.py tests/flows/test_proof_agreement.py tests/flows/test_proof_growth.py \
		tests/flows/test_proof_leaves.py tests/flows/test_release_1_proofs.py
	REPRISE_PROOFS=$(CURDIR)/.proofs $(BIN)/python -m pytest -q -rs -s tests/flows/test_verify_page_agrees.py -k other_tests
	rm -rf .proofs
	REPRISE_EVERY_BIT=1 $(BIN)/python -m pytest -q -rs -s tests/flows/test_verify_page_agrees.py -k every_bit

# the practice's page and the page that checks proofs, built from desk/ (needs node and npm)
page: page-tools
	cd desk && npm run --silent types && npm run --silent check && npm run --silent build

page-tools: desk/node_modules/.ready

desk/node_modules/.ready: desk/package-lock.json
	cd desk && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# an export of 2 GiB sealed by the page and by age; CI takes 64 MiB
intake-2gib: $(VENV)/.dev page-tools
	REPRISE_INTAKE_MIB=2048 $(BIN)/python -m pytest -q -rs -s tests/flows/test_sealed_size.py

# a package of 2 GiB opened by the page and by `reprise open`; CI takes 64 MiB
open-2gib: $(VENV)/.dev page-tools
	REPRISE_OPEN_MIB=2048 $(BIN)/python -m pytest -q -rs -s tests/flows/test_opened_size.py

# the whole fault matrices; CI takes a sample
faults: $(VENV)/.dev
	REPRISE_ALL_FAULTS=1 $(BIN)/python -m pytest -q -rs -n auto tests/faults tests/flows/test_sealed_runs.py

# a hundred disturbed runs of one home; a hundred power cuts
soak: $(VENV)/.dev
	REPRISE_SOAK_RUNS=100 REPRISE_SOAK_SEED=$${REPRISE_SOAK_SEED:-0} $(BIN)/python -m pytest -q -rs -s tests/faults/test_soak.py

powercuts: $(VENV)/.dev
	REPRISE_POWER_CUTS=100 $(BIN)/python -m pytest -q -rs -s tests/faults/test_power_cut.py

# delivery to servers: every crash, many seeds of a bad network; CI takes a sample
targets: $(VENV)/.dev
	REPRISE_ALL_FAULTS=1 $(BIN)/python -m pytest -q -rs -n auto tests/contract/test_destinations.py \
		tests/faults/test_destination_faults.py tests/faults/test_destination_answers.py tests/faults/test_host_keys.py \
		tests/flows/test_remote_run.py

# random changes of sources, texts and charts, the whole series
variations: $(VENV)/.dev
	REPRISE_WHOLE_SERIES=1 $(BIN)/python -m pytest -q -rs -n auto tests/unit/connectors

# each parser of foreign bytes in turn (docs/fuzzing.md); TARGET=name and SECONDS=n choose
TARGET ?= $(shell grep -o '^    "[a-z_]*": Target' fuzz/targets.py | cut -d'"' -f2)
SECONDS ?= 200
FUZZ := .venv-fuzz
fuzz: $(VENV)/.dev
	test -x $(FUZZ)/bin/python || $(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-fuzz.lock
	for target in $(TARGET); do \
	  PYTHONPATH=$(CURDIR):$$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") \
	  $(FUZZ)/bin/python fuzz/run.py $$target $(SECONDS) || exit 1; done

# our way beside the machine's limits and what people would use instead (docs/performance.md); half an hour on a quiet machine
BENCH := .venv-bench
bench: $(VENV)/.dev
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-bench.lock
	$(BIN)/python bench/compare.py full

# minutes; what CI holds against its limits
bench-small: $(VENV)/.dev
	$(BIN)/python bench/compare.py small

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest -q -n auto -m "not slow and not service" tests/unit tests/contract tests/dashboard tests/house

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

$(VENV)/.runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV)
