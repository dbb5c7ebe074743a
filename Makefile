# Each target does its own set-up in .venv and is quick the second time.
BIN := .venv/bin

.PHONY: help install run test check bench format lock docs screenshots clean

help:  ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.run: requirements.txt pyproject.toml
	@scripts/setup run

.venv/.dev: requirements.txt requirements-dev.txt pyproject.toml
	@scripts/setup dev

install: .venv/.run  ## The virtual environment with `ujumbe` in it

run: .venv/.run  ## The service, the worker and a local Africa's Talking on http://127.0.0.1:8000
	@$(BIN)/ujumbe dev $(ARGS)

test: .venv/.dev  ## The whole suite (ARGS="-k name" for a part)
	@scripts/chromium
	@scripts/axe
	@$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

check: .venv/.dev  ## Format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.dev  ## Speed as ratios, measured in one run (ARGS="--quick", or "accept --database sqlite")
	@$(BIN)/python -m benchmarks $(ARGS)

format: .venv/.dev  ## Formats and mends what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .venv/.dev  ## Pins requirements*.txt anew (UPGRADE=1 for newer versions)
	@scripts/lock $(UPGRADE)

docs: .venv/.dev  ## docs/reference/ from the code
	@$(BIN)/python scripts/reference.py

screenshots: .venv/.dev  ## The pictures in docs/, taken from a running `ujumbe dev`
	@scripts/chromium
	@$(BIN)/python -m scripts.screenshots

clean:  ## Removes .venv and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
