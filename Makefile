# Two targets do everything in a fresh clone: `make quickstart` and `make test`.
# Nothing but Python 3.11 or newer, pip and make is assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# TensorFlow has an environment of its own: not everyone wants its 600 MB.
TF_VENV := .venv-tensorflow
TF_BIN := $(TF_VENV)/bin
RUNS := runs

.DEFAULT_GOAL := help
.PHONY: help install quickstart test lint check fuzz torture bench bench-encode bench-commands bench-finetune bench-peers bench-scaling bench-serve torture-serve soak-predict test-cluster bench-audit test-tensorflow bench-predict clean

help:  ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/python-found:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"textune needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/python-found pyproject.toml
	@echo "Installing textune and what it needs into $(VENV): about 2 GB on disk, some minutes of download."
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded]"
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,serve,dev]"
	@touch $@

$(VENV)/installed-cluster: $(VENV)/installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,dev,cluster]"
	@touch $@

install: $(VENV)/installed-dev  ## Set up the development environment in .venv, with the command textune.

quickstart: $(VENV)/installed  ## Train on the shipped sample, show the figures, classify three sentences.
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/quickstart.sh $(RUNS)

# Two files at a time: most tests keep one core busy. A file's tests stay together, as they share what they train.
# Two processes share two cores: threads that have nothing to do must not keep one busy.
test: $(VENV)/installed-dev  ## Run the tests.
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-cluster: $(VENV)/installed-cluster  ## Run the tests of predictions on Ray.
	$(BIN)/python -m pytest cluster_tests

$(TF_VENV)/installed: $(VENV)/python-found pyproject.toml
	$(PYTHON) -m venv $(TF_VENV)
	$(TF_BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,tensorflow]" "pytest>=8"
	@touch $@

test-tensorflow: $(TF_VENV)/installed  ## Run the tests of the Keras engine, in an environment with TensorFlow.
	$(TF_BIN)/python -m pytest tests/on_tensorflow

lint: $(VENV)/installed-dev  ## Check style, types and layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint quickstart test  ## Exactly what CI runs.

fuzz: $(VENV)/installed-dev  ## Mutate data files 10,000 times, looking for anything but a clear message.
	TEXTUNE_FUZZ_CASES=10000 $(BIN)/python -m pytest tests/data/test_malformed.py

torture: $(VENV)/installed-dev torture-serve  ## torture-serve; then kill trainings and predictions 100 times each, resumed to the same bits.
	TEXTUNE_KILLS=100 $(BIN)/python -m pytest tests/test_kills.py
	TEXTUNE_PREDICTION_KILLS=100 $(BIN)/python -m pytest tests/test_prediction_kills.py

soak-predict: $(VENV)/installed-dev  ## Predict a million rows, and weigh the process: its memory must stay flat.
	TEXTUNE_SOAK_ROWS=1000000 $(BIN)/python -m pytest tests/test_prediction_memory.py

bench: bench-encode bench-commands bench-finetune bench-scaling bench-peers bench-serve bench-audit bench-predict  ## All benchmarks, one after the other; three hours.

bench-encode: $(VENV)/installed  ## Encoding throughput beside plain transformers.
	$(BIN)/python benchmarks/encode.py

bench-commands: $(VENV)/installed  ## Seconds and memory of whole training commands.
	$(BIN)/python benchmarks/commands.py

bench-finetune: $(VENV)/installed  ## Fine-tuning beside transformers' Trainer: speed, memory, quality; 30 minutes.
	$(BIN)/python benchmarks/finetune.py

bench-scaling: $(VENV)/installed  ## What 4 and 16 times the data cost.
	$(BIN)/python benchmarks/scaling.py

.bench/%/installed: benchmarks/peers/requirements/%.txt
	$(PYTHON) -m venv .bench/$*
	.bench/$*/bin/python -m pip install --disable-pip-version-check -r $<
	@touch $@

bench-peers: $(VENV)/installed-dev .bench/keras/installed .bench/setfit/installed  ## textune beside Keras, Trainer, SetFit and others; an hour.
	$(BIN)/python benchmarks/peers/compare.py --picture docs/pictures/peers.svg

bench-serve: $(VENV)/installed-dev  ## The server beside a plain one, and overloaded; seven minutes.
	$(BIN)/python benchmarks/serve.py

torture-serve: $(VENV)/installed-dev  ## 20,000 wrong requests, 2,000 clients that hang up, 20 signals under load.
	TEXTUNE_SERVE_REQUESTS=20000 TEXTUNE_TORTURE_SERVE=1 $(BIN)/python -m pytest tests/serving

bench-audit: $(VENV)/installed-dev  ## What the audit finds of faults planted in TweetEval.
	$(BIN)/python benchmarks/planted_faults.py

bench-predict: $(VENV)/installed-dev  ## Bulk prediction with every runtime beside transformers' pipeline; minutes.
	$(BIN)/python benchmarks/predict.py

clean:  ## Delete the environments and the caches, and keep the runs.
	rm -rf $(VENV) .venv-tensorflow .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
