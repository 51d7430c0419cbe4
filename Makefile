# Everything a newcomer needs: `make demo` and `make test`. Each sets itself up.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
FRONTEND := activedints/ui/viewer/frontend
PORT ?= 8501

.PHONY: setup browser demo test check bench figures screenshots clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed and '$(PYTHON)' was not found: install it, or name one with PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# torch first and by name: on some machines the pinned version is a local CPU build
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev]"
	@touch $@

# Browser tests and screenshots drive the system's Chromium; where we may not install it we say so.
browser: setup
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	else echo "Chromium is not installed and this user may not install it: browser tests are skipped (apt-get install chromium)."; fi

demo: setup
	$(BIN)/activedints demo --port $(PORT)

test: setup browser
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v node >/dev/null && command -v npm >/dev/null; then cd $(FRONTEND) && ./check.sh; \
	else echo "Node.js is not here: the viewer's bundle is taken as committed, not rebuilt and compared."; fi

bench: setup
	$(BIN)/activedints bench $(NAME)

screenshots: setup browser
	$(BIN)/python benchmarks/screenshots.py

clean:
	rm -rf $(VENV) data/workspace
