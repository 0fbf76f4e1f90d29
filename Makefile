# Two commands on a fresh machine: `make start` begins the course here, `make test` runs the whole test-suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: start test soak fuzz lint bench bench-diagnosis torch clean

start: $(VENV)/.course
	$(BIN)/course start
	@echo
	@echo "In a new terminal, first:  . $(BIN)/activate"

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal

# Everything that takes long: a thousand kills, a thousand gradings, all hostile submissions.
soak: $(VENV)/.dev
	$(BIN)/python -m pytest -m soak -s

# Ten minutes of hostile bytes for the boundary's decoder; atheris is a wheel for Linux.
fuzz: $(VENV)/.dev
	$(PIP) install "atheris>=3.0"
	mkdir -p $(VENV)/fuzz
	PYTHONPATH=. $(BIN)/python tests/fuzz/wire.py $(VENV)/fuzz -max_total_time=600 -rss_limit_mb=1024 -timeout=20

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python tests/bench/run.py

bench-diagnosis: $(VENV)/.dev
	$(BIN)/python tests/bench/diagnosis.py

torch: $(VENV)/.course
	$(PIP) install -c constraints.txt -e ".[torch]"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 start") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.course: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e ".[dev,torch]"
	@touch $@ $(VENV)/.course
