# `make run` and `make test` set up whatever is missing first; see `make help`.
.PHONY: help run test check bench setup lock clean

BIN := .venv/bin

help:  ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: setup  ## Start the whole product (Ctrl-C ends it)
	@$(BIN)/qifu serve

test: setup  ## Every test: core, real Rasa, both databases, browser
	@python3 app/bootstrap.py tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup  ## Lint, types, imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## The benchmarks, each with what a user would pick instead
	@$(BIN)/python -m benchmarks

setup:  ## Both environments, the console's scripts; seconds when nothing changed
	@python3 app/bootstrap.py

lock:  ## Resolve both environments anew
	@python3 app/bootstrap.py lock

clean:  ## Forget environments and models (data in var/ stay)
	rm -rf .venv .tools bot/rasa/.venv models console/node_modules console/static/vendor
