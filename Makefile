# The same commands locally and in CI. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo serve test check format bench bench-honesty chaos clean

VENV := .venv
MINYI := $(VENV)/bin/minyi
PORT ?=
ONCE ?=
ARGS ?=

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## Run the whole service on the bundled stream (PORT=8700 for another port; ONCE=1 exits when it is drained)
	@scripts/setup base
	@$(MINYI) demo $(if $(PORT),--port $(PORT)) $(if $(ONCE),--once)

serve: ## Run the service on your own comments (PORT=8700 for another port)
	@scripts/setup base
	@$(MINYI) serve $(if $(PORT),--port $(PORT))

test: ## Run the whole suite, on up to four cores (ARGS="-k linking" for a part)
	@scripts/setup dev
	@$(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder $(ARGS)

check: ## Lint, format, types, registry
	@scripts/setup dev
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(MINYI) policies check

format: ## Format and mend what can be mended
	@scripts/setup dev
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

bench: ## Print the benchmarks' ratios (not part of the tests)
	@scripts/setup dev
	@for bench in linking broker; do $(VENV)/bin/python -m benchmarks.bench_$$bench || exit; done

bench-honesty: ## Print how far shares are off and whether their intervals hold (ARGS=--quick for the simulated part)
	@scripts/setup dev
	@$(VENV)/bin/python -m benchmarks.bench_honesty $(ARGS)

chaos: ## Kill, hang and fill up what Minyi runs on, and count what is left (ARGS="--quick" or "--only embedded")
	@scripts/setup dev
	@$(VENV)/bin/python -m tests.chaos $(ARGS)

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) var/demo
