# Needs Python 3.11 or newer, make and a C toolchain; all else goes into .venv.
# `make PYTHON=python3.12 demo` picks another interpreter.
PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
LIBERTY ?= /usr/share/qflow/tech/osu018/osu018_stdcells.lib

# Versions are those of the constraints, so that one run is like the next; a user's own environment
# may choose others, within the ranges of pyproject.toml.
INSTALL := $(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt

# What the tests import; the heavier tools come with the target that needs them.
TEST_EXTRAS := dev,rtl,formal,onnx,onnxcheck,study,trace

export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: demo
demo: $(VENV)/.base  ## real digits through a compressed network on 64 PEs
	$(BIN)/accelsim demo traces/lenet-300-100

.PHONY: test
test: ready  ## lint, types and every test but the slow ones, on all cores
	$(BIN)/ruff check .
	@$(BIN)/mypy & types=$$!; \
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder; tests=$$?; \
	wait $$types || { echo "make: mypy has found faults, see above" >&2; exit 1; }; exit $$tests

# Debian's packages and Python's are fetched side by side: each waits for the network half of its time.
.PHONY: ready
ready:
	@$(MAKE) --no-print-directory icarus yosys verilator & tools=$$!; \
	$(MAKE) --no-print-directory $(VENV)/.test && wait $$tools

.PHONY: lint
lint: $(VENV)/.test  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: slow
slow: $(VENV)/.test $(VENV)/.synth icarus yosys verilator osu018  ## the tests that take minutes
	$(BIN)/python -m pytest -m "slow and not bench"

.PHONY: bench
bench: $(VENV)/.test  ## speed, measured side by side; leaves .benchmarks/bench.json
	@mkdir -p .benchmarks
	$(BIN)/python -m pytest -m bench --benchmark-json=.benchmarks/bench.json tests

.PHONY: notebooks
notebooks: $(VENV)/.test $(VENV)/.notebooks icarus  ## run every notebook from top to bottom
	$(BIN)/python -m pytest -n auto --nbmake --nbmake-timeout=240 notebooks

.PHONY: rtl
rtl: $(VENV)/.test icarus yosys verilator  ## the tests of the Verilog; leaves build/rtl.xml (JUnit)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --junitxml=build/rtl.xml tests/rtl

.PHONY: formal
formal: $(VENV)/.test $(VENV)/.synth yosys  ## prove the safety properties of the Verilog units
	$(BIN)/python -m pytest -m "slow or not slow" tests/rtl/test_formal.py

.PHONY: mutate
mutate: $(VENV)/.test $(VENV)/.synth icarus  ## plant faults in the Verilog and count those the benches see
	$(BIN)/python -m pytest -s -m "slow or not slow" tests/rtl/test_mutation.py

.PHONY: synth
synth: $(VENV)/.base $(VENV)/.synth osu018  ## gates, area and Fmax; LIBERTY=path for your own cells
	$(BIN)/python -m rtl.synth.synth --liberty "$(LIBERTY)"

.PHONY: wheels
wheels: $(VENV)/.test icarus  ## build the wheel, install and run it with every Python from 3.11 to 3.14 there is
	$(BIN)/python -m pytest -m "slow or not slow" tests/install

.PHONY: clean
clean:  ## remove what runs leave behind; .venv stays
	rm -rf build dist *.egg-info .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name $(VENV) -prune -o \( -name __pycache__ -o -name sim_build \) -exec rm -rf {} +

# Installing: a stamp for each set of extras, renewed when the ranges or the versions change. The
# install is editable, so that tests and demo see this tree.
$(VENV)/.python: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "accelsim: '$(PYTHON)' is not Python 3.11 or newer; name one that is: make PYTHON=python3.12" >&2; exit 2; }
	@echo "accelsim: installing into $(VENV)"
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.python
	$(INSTALL) --editable ".[$(TEST_EXTRAS)]"
	@touch $(VENV)/.base $@

$(VENV)/.notebooks $(VENV)/.synth: $(VENV)/.%: $(VENV)/.base
	$(INSTALL) --editable ".[$*]"
	@touch $@

.PHONY: icarus yosys verilator osu018
icarus:
	@.ci/apt_need iverilog iverilog "the RTL tests will fail"

yosys:
	@.ci/apt_need yosys-smtbmc yosys "the proofs will fail"

verilator:
	@.ci/apt_need verilator verilator "its lint will fail"

osu018:
	@.ci/apt_need "$(LIBERTY)" qflow-tech-osu018 "there will be no cell area"
