# Two targets cover everything in a fresh clone: `make quickstart` and `make test`.
# They need only Python 3.11 or newer, pip and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the suite compares on: sources, each with its settings in quotes. More options go into SUITE.
TEXTUNE_TWEETEVAL ?= ../shared/tweeteval
DATA ?= $(TEXTUNE_TWEETEVAL)/emotion
SUITE ?=
# TensorFlow has its own environment: not everyone wants its 2 GB.
TF_VENV := .venv-tensorflow
TF_BIN := $(TF_VENV)/bin
RUNS := runs

.DEFAULT_GOAL := help
.PHONY: help install quickstart test lint check docs man release-files audit-packages conda sizes release-check fuzz torture bench bench-encode bench-commands bench-finetune bench-peers bench-suite bench-few bench-scaling bench-million bench-serve bench-protocols bench-log torture-serve soak-log soak-predict test-cluster test-lowest test-python bench-audit test-tensorflow test-processors bench-predict bench-device bench-intervals bench-label bench-label-peers bench-long-texts bench-tuning bench-watch check-wheel check-packages check-clients clean

help:  ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/python-found:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"textune needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/python-found pyproject.toml
	@echo "Installing textune and its dependencies into $(VENV): about 2 GB on disk, a few minutes of download."
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded]"
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,serve,dev]"
	@touch $@

$(VENV)/installed-cluster: $(VENV)/installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,dev,cluster]"
	@touch $@

install: $(VENV)/installed-dev  ## Set up the development environment in .venv, with the command textune.

quickstart: $(VENV)/installed  ## Train on the shipped sample, show the metrics, classify three sentences.
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/quickstart.sh $(RUNS)

# Three files at a time: most tests keep one core busy, and a quarter of their time is waiting. The tests of a file stay
# together, because they share trained models. The processes share the cores, so idle threads must not keep one busy.
test: $(VENV)/installed-dev  ## Run the tests.
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Encoders, exports and 8-bit products: the tests that are worth their time on an emulated processor.
ON_EMULATED := tests/encoder tests/model tests/export tests/runtimes tests/commands/test_export.py \
	tests/cli/test_export.py tests/serving/test_served.py

# For each kind of processor, a test first proves, in the processes of the tests, that what it lacks is switched off.
test-processors: $(VENV)/installed-dev  ## Run the tests as if on lesser processors: AVX2, SSE, and an emulated one; 25 minutes.
	@command -v valgrind >/dev/null || { echo "test-processors needs valgrind (Debian: apt-get install valgrind)."; exit 1; }
	for kind in avx2 sse emulated; do \
		on="$(BIN)/python tests/on_processors/processors.py $$kind -m pytest -n 2 --dist loadfile --no-loadscope-reorder"; \
		files="$$(test $$kind != emulated || echo $(ON_EMULATED))"; \
		$$on tests/on_processors && OMP_WAIT_POLICY=passive $$on $$files || exit 1; \
	done

test-cluster: $(VENV)/installed-cluster  ## Run the tests of predictions on Ray.
	$(BIN)/python -m pytest cluster_tests

$(TF_VENV)/installed: $(VENV)/python-found pyproject.toml
	$(PYTHON) -m venv $(TF_VENV)
	$(TF_BIN)/python -m pip install --disable-pip-version-check -e ".[embedded,tensorflow]" "pytest>=8"
	@touch $@

test-tensorflow: $(TF_VENV)/installed  ## Run the tests of the Keras engine, in an environment with TensorFlow.
	$(TF_BIN)/python -m pytest tests/on_tensorflow

.venv-lowest/installed: pyproject.toml
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --disable-pip-version-check --quiet uv
	.venv-lowest/bin/uv pip compile --quiet --upgrade --resolution lowest-direct --python .venv-lowest/bin/python \
		--extra embedded --extra serve --extra dev --output-file .venv-lowest/requirements.txt pyproject.toml
	.venv-lowest/bin/uv pip install --python .venv-lowest/bin/python --no-deps \
		--requirement .venv-lowest/requirements.txt --editable .
	@touch $@

test-lowest: .venv-lowest/installed  ## Run the tests with the lowest versions that pyproject.toml allows; 6 GB on disk, as its torch has CUDA.
	OMP_WAIT_POLICY=passive .venv-lowest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-python:  ## Run the tests on another Python, in an environment of its own: make test-python PYTHON=python3.13
	$(MAKE) test PYTHON=$(PYTHON) VENV=.venv-$(notdir $(PYTHON))

lint: $(VENV)/installed-dev  ## Check style, types, imports between rooms, and spelling.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/zizmor --quiet --offline --persona pedantic .github
	$(BIN)/codespell

check: lint quickstart test  ## Run lint, quickstart and test.

.venv-docs/installed: scripts/documentation-requirements.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --disable-pip-version-check --quiet -r $<
	@touch $@

docs: $(VENV)/installed-dev .venv-docs/installed  ## Write the documentation as a site to build/site; a link that leads nowhere fails.
	PYTHONPATH=tests $(BIN)/python scripts/documentation.py build/docs
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet --config-file build/mkdocs.yml
	@echo "Open build/site/index.html in a browser."

man: $(VENV)/installed-dev  ## Write the manual pages of all commands to share/man, and check them with mandoc if it is installed.
	$(BIN)/python scripts/manual_pages.py
	! command -v mandoc >/dev/null || mandoc -T lint -W warning share/man/man1/*.1 | grep -v "missing date" | (! grep .)

.bench/notebooks/installed: $(VENV)/python-found pyproject.toml examples/requirements.txt
	$(PYTHON) -m venv .bench/notebooks
	.bench/notebooks/bin/python -m pip install --disable-pip-version-check -e ".[embedded,tensorflow]" -r examples/requirements.txt
	.bench/notebooks/bin/python -m ipykernel install --sys-prefix --name python3
	@touch $@

.PHONY: notebooks pictures check-site test-docs
notebooks: .bench/notebooks/installed  ## Execute the notebooks of examples/ and store what they print, in an environment with TensorFlow; some minutes.
	.bench/notebooks/bin/python scripts/notebooks.py

pictures: $(VENV)/installed-dev  ## Draw the pictures of the documentation that take minutes; the others are in scripts/pictures.py.
	PATH="$(CURDIR)/$(BIN):$$PATH" EMOTION=$(TEXTUNE_TWEETEVAL)/emotion $(BIN)/python scripts/pictures.py

.bench/axe/installed:
	npm install --prefix .bench/axe --no-audit --no-fund axe-core@4.14.1
	@touch $@

check-site: docs .bench/axe/installed  ## Look at the site at two widths, light and dark, with axe-core; needs Chromium and npm.
	PYTHONPATH=tests $(BIN)/python scripts/check_site.py .bench/axe/node_modules/axe-core/axe.min.js

.bench/docs-%/installed: documentation_tests/requirements/%.txt
	$(PYTHON) -m venv .bench/docs-$*
	.bench/docs-$*/bin/python -m pip install --disable-pip-version-check --quiet -r $<
	@touch $@

test-docs: $(VENV)/installed-dev $(foreach name,trainer setfit keras spacy,.bench/docs-$(name)/installed)  ## Run every command and block of Python in the documentation, those of other tools included; half an hour.
	$(BIN)/python -m pytest -n 2 documentation_tests

.venv-release/installed: scripts/release-requirements.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/python -m pip install --disable-pip-version-check --quiet -r $<
	@touch $@

release-files: .venv-release/installed  ## Make the files of a release in dist/: wheel, source, bill of materials, hashes; and check them.
	.venv-release/bin/python scripts/release_files.py .venv-release dist

audit-packages: $(VENV)/installed-dev .venv-release/installed  ## Look up known vulnerabilities of all installed packages; needs a network.
	$(BIN)/python scripts/audit_packages.py .venv-release/bin/pip-audit

conda: .venv-release/installed  ## Check the draft of the recipe for conda-forge.
	.venv-release/bin/python scripts/check_conda.py

sizes: $(VENV)/installed-dev  ## Say how much disk textune and each installed extra take.
	$(BIN)/python scripts/sizes.py

release-check: $(VENV)/installed-dev  ## Run everything that a release must pass, and print a table of it; 40 minutes.
	$(BIN)/python scripts/release_check.py $(CHECKS)

check-wheel: $(VENV)/python-found  ## Build the wheel, check its metadata, install it into an empty environment, train on the sample.
	sh scripts/check-wheel.sh $(PYTHON)

.bench/client-%/installed: client_checks/requirements/%.txt
	$(PYTHON) -m venv .bench/client-$*
	.bench/client-$*/bin/python -m pip install --disable-pip-version-check -r $<
	@touch $@

.bench/client-npm/installed:
	npm install --prefix .bench/client-npm --no-audit --no-fund @huggingface/inference@4.13.30
	@touch $@

check-clients: $(VENV)/installed-dev $(foreach name,triton kserve mlflow generated npm,.bench/client-$(name)/installed)  ## Ask the server through the clients of Triton, KServe, MLflow, Hugging Face, and a generated one; needs npm.
	$(BIN)/python client_checks/check.py

check-packages: $(VENV)/installed-dev  ## Package a run for Docker, SageMaker, KServe and MLflow, and start each in an empty environment; some minutes.
	$(BIN)/python scripts/check_packages.py

fuzz: $(VENV)/installed-dev  ## Mutate data files 10,000 times; every failure must be a clear message.
	TEXTUNE_FUZZ_CASES=10000 $(BIN)/python -m pytest tests/data/test_sources_malformed.py tests/data/test_sources_row_counts.py

torture: $(VENV)/installed-dev torture-serve  ## Run torture-serve, kill each kind of training, prediction, encoding, labelling and log of predictions 100 times and a search 20 times, resume each to the same bits, learn all of TweetEval.
	TEXTUNE_KILLS=100 $(BIN)/python -m pytest tests/test_kills.py
	TEXTUNE_PREDICTION_KILLS=100 $(BIN)/python -m pytest tests/test_prediction_kills.py
	TEXTUNE_SEARCH_KILLS=20 $(BIN)/python -m pytest tests/test_search_kills.py
	TEXTUNE_ENCODING_KILLS=100 $(BIN)/python -m pytest tests/test_encoding_kills.py
	TEXTUNE_LABELLING_KILLS=100 $(BIN)/python -m pytest tests/test_labelling_kills.py
	TEXTUNE_LOG_KILLS=100 $(BIN)/python -m pytest tests/test_logbook_kills.py
	TEXTUNE_WHOLE_TWEETEVAL=1 $(BIN)/python -m pytest tests/test_real_tweeteval.py tests/test_planted_faults.py

soak-log: $(VENV)/installed-dev  ## Keep the predictions of ten million requests, and measure disk and memory, which must stay bounded; some minutes.
	TEXTUNE_LOG_REQUESTS=10000000 $(BIN)/python -m pytest tests/test_logbook_memory.py

soak-predict: $(VENV)/installed-dev  ## Predict a million rows and measure memory, which must stay flat.
	TEXTUNE_SOAK_ROWS=1000000 $(BIN)/python -m pytest tests/test_prediction_memory.py

bench: bench-encode bench-commands bench-finetune bench-scaling bench-peers bench-serve bench-audit bench-predict  ## Run all benchmarks, one after another; three hours.

bench-encode: $(VENV)/installed  ## Compare encoding throughput with plain transformers.
	$(BIN)/python benchmarks/encode.py

bench-commands: $(VENV)/installed  ## Measure seconds and memory of whole commands.
	$(BIN)/python benchmarks/commands.py

bench-finetune: $(VENV)/installed  ## Compare fine-tuning with transformers' Trainer: speed, memory, quality; 30 minutes.
	$(BIN)/python benchmarks/finetune.py

bench-scaling: $(VENV)/installed  ## Measure the cost of 4 and 16 times the data.
	$(BIN)/python benchmarks/scaling.py

bench-million: $(VENV)/installed  ## Train on a million rows, and audit them: seconds and memory; half an hour.
	$(BIN)/python benchmarks/million.py

.bench/%/installed: benchmarks/peers/requirements/%.txt
	$(PYTHON) -m venv .bench/$*
	.bench/$*/bin/python -m pip install --disable-pip-version-check -r $<
	@touch $@

SUITE_ENVIRONMENTS := $(foreach name,scikit-learn setfit transformers model2vec autointent,.bench/$(name)/installed)

bench-suite: $(VENV)/installed-dev $(SUITE_ENVIRONMENTS)  ## Compare textune with other tools on any sources: make bench-suite DATA="a.csv b/"
	$(BIN)/python benchmarks/suite.py $(DATA) $(SUITE)

bench-peers: $(VENV)/installed-dev $(foreach name,keras setfit transformers scikit-learn,.bench/$(name)/installed)  ## Compare three recipes with Keras, Trainer, SetFit and others on emotion; an hour.
	$(BIN)/python benchmarks/suite.py $(TEXTUNE_TWEETEVAL)/emotion --recipes paper frozen full \
		--peers keras trainer-frozen trainer setfit sentence tfidf --picture docs/pictures/peers.svg

bench-few: $(VENV)/installed-dev .bench/setfit/installed  ## Compare textune with SetFit on 8, 16 and 64 texts per class; a day.
	$(BIN)/python benchmarks/few_labels.py --only few frozen setfit-20
	$(BIN)/python benchmarks/few_labels.py --data emotion --only setfit

bench-serve: $(VENV)/installed-dev  ## Compare the server with a plain one, then overload it; seven minutes.
	$(BIN)/python benchmarks/serve.py

bench-log: $(VENV)/installed-dev  ## Compare the server's throughput with and without --log; six minutes.
	$(BIN)/python benchmarks/serve_log.py

bench-protocols: $(VENV)/installed-dev  ## Compare the rate of the server's protocols with that of /predict; three minutes.
	$(BIN)/python benchmarks/protocols.py

torture-serve: $(VENV)/installed-dev  ## Send 20,000 wrong requests, 2,000 clients that hang up, and 20 signals under load, to single texts and to pairs, in all protocols; 20 minutes.
	TEXTUNE_SERVE_REQUESTS=1000 TEXTUNE_TORTURE_SERVE=1 $(BIN)/python -m pytest tests/serving

bench-audit: $(VENV)/installed-dev  ## Count how many faults planted in TweetEval the audit finds.
	$(BIN)/python benchmarks/planted_faults.py

bench-long-texts: $(VENV)/installed-dev  ## Find a sentence in 3,000 words, and measure memory up to 100,000.
	$(BIN)/python benchmarks/long_texts.py

bench-predict: $(VENV)/installed-dev  ## Compare bulk prediction on every runtime with transformers' pipeline; minutes.
	$(BIN)/python benchmarks/predict.py

bench-device: $(VENV)/installed  ## Compare prediction and training with transformers on the GPU of this machine, or small on its CPU; eight minutes.
	$(BIN)/python benchmarks/device.py

bench-intervals: $(VENV)/installed-dev  ## Count how often the intervals of metrics hold the truth, on simulated test sets; ten minutes.
	$(BIN)/python benchmarks/interval_coverage.py

bench-label: $(VENV)/installed-dev  ## Count how often the intervals of a labelling hold the truth, and time its answers; ten minutes.
	$(BIN)/python benchmarks/labelling.py

bench-label-peers: $(VENV)/installed-dev .bench/small-text/installed .bench/activetigger/installed  ## Compare what a labelling asks with the strategies of small-text and ActiveTigger, on emotion; minutes.
	$(BIN)/python benchmarks/labelling.py peers

bench-tuning: $(VENV)/installed-dev  ## Search on 20 draws of the rows of DATA=..., and measure what that brings on test; half an hour.
	$(BIN)/python benchmarks/tuning.py $(DATA)

bench-watch: $(VENV)/installed-dev  ## Measure how far off watch's estimate is on 400 planted shifts of four data sets; half an hour.
	$(BIN)/python benchmarks/watch.py

clean:  ## Delete the environments and caches; keep the runs.
	rm -rf $(VENV) .venv-tensorflow .venv-lowest .venv-python* .venv-docs .venv-release .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
