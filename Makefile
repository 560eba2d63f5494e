# `make demo` runs the main job, `make test` runs all checks and tests. Both set up what they need, once.

PYTHON ?= python3
OUT ?= demo
DIST ?= dist
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Without an NVIDIA GPU, the release of PyTorch that the CPU tests ran on; with one, the newest build. uv takes
# the build for the CPU or for the GPU's driver from PyTorch's own index; without that index the package index
# serves. TORCH_BACKEND names another build.
TORCH := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1 \
	&& echo torch torchvision || echo torch==2.13.0 torchvision==0.28.0)
TORCH_BACKEND ?= $(if $(findstring ==,$(TORCH)),cpu,auto)

# The Blenders that `make test-blender` runs the tests on, each as a bpy module that it installs once (370 MB).
BLENDERS ?= 4.2 4.5 5.0 5.2

# Two tests at a time: half of a run is spent on waiting for processes. The tests of a module stay together.
PARALLEL ?= --numprocesses 2 --dist loadscope
# Without it the threads of two PyTorch processes spin while they wait, and take the cores from each other.
test test-blender test-newest: export OMP_WAIT_POLICY ?= passive

# The types of Blender's Python API that pyright checks against. Not in the environment itself: pip would take them for
# packages that it has to keep, and pyright would read them without the corrections of tests/blender_stubs.py.
BLENDER_TYPES := fake-bpy-module-5.2==20260730

.PHONY: demo release generate lock test test-blender test-newest test-install test-window test-kill check setup clean

demo: $(READY)
	$(BIN)/blender-nst demo --out $(OUT)

# The extension's zip, the engine's wheel and their checksums, and where they lie; the same sources give the same bytes.
release: $(READY)
	@$(BIN)/python -m blender_nst.cli.packaging.release $(DIST)

test: check
	$(BIN)/python -m pytest $(PARALLEL)

# All tests that start a Blender, on each version; goes on after a failure and tells at the end.
test-blender: $(READY)
	@failed=; for version in $(BLENDERS); do \
		echo "== Blender $$version"; \
		$(BIN)/python -m pytest $(PARALLEL) tests/blender_nst --blender-version $$version || failed="$$failed $$version"; \
	done; test -z "$$failed" || { echo "failed on Blender$$failed" >&2; exit 1; }

# The quick ones of them that look at what differs between versions, on the newest.
test-newest: $(READY)
	$(BIN)/python -m pytest $(PARALLEL) tests/blender_nst -m across_versions --blender-version $(lastword $(BLENDERS))

# The engine installed for real from the package index into an empty environment, as the extension's button does.
test-install: $(READY)
	BLENDER_NST_TEST_INSTALL=1 $(BIN)/python -m pytest tests/blender_nst/engine/test_installer.py

# Blender's window under Xvfb: the zip installed, the panel drawn, buttons clicked, frames rendered.
test-window: $(READY)
	BLENDER_NST_TEST_WINDOW=1 $(BIN)/python -m pytest tests/window

# The same runs killed far more often than in `make test`; says how many kills there were.
test-kill: $(READY)
	BLENDER_NST_KILL_CHAINS=3 $(BIN)/python -m pytest -rP \
		tests/video/resume/test_killed_runs.py tests/blender_nst/headless/test_resumed_render.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# The checked-in files that Blender's side of the program has from the engine's.
generate: $(READY)
	$(BIN)/python -m blender_nst.cli.packaging.generate
	$(BIN)/python -m tests.video.format_table

# Versions and hashes of what the installations fetch, from the package index; for a release.
lock: $(READY)
	$(BIN)/python -m blender_nst.cli.packaging.lock

setup: $(READY)

$(READY): pyproject.toml Makefile tests/blender_stubs.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "python -m venv failed; on Debian or Ubuntu install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	@UV_HTTP_RETRIES=1 $(BIN)/uv pip install --quiet --python $(BIN)/python \
		--torch-backend $(TORCH_BACKEND) $(TORCH) 2>$(VENV)/uv.log \
		|| { echo "PyTorch's own index cannot be used ($(VENV)/uv.log): the package index is"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	rm -rf $(VENV)/fake-bpy
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/fake-bpy $(BLENDER_TYPES)
	$(BIN)/python tests/blender_stubs.py $(VENV)/fake-bpy $(VENV)/blender-stubs
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
