# `make demo` runs the main job, `make test` runs all checks and tests. Both set up what they need, once.

PYTHON ?= python3
OUT ?= demo
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Without an NVIDIA GPU, the release of PyTorch that the CPU tests ran on; with one, the newest build.
TORCH := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1 \
	&& echo torch torchvision || echo torch==2.13.0 torchvision==0.28.0)

.PHONY: demo test test-kill check setup clean

demo: $(READY)
	$(BIN)/blender-nst demo --out $(OUT)

test: check
	$(BIN)/python -m pytest

# The same runs killed far more often than in `make test`; says how many kills there were.
test-kill: $(READY)
	BLENDER_NST_KILL_CHAINS=3 $(BIN)/python -m pytest -rP \
		tests/video/test_killed_runs.py tests/blender_nst/test_resumed_render.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

setup: $(READY)

$(READY): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "python -m venv failed; on Debian or Ubuntu install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
