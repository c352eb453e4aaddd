# Everything starts here: each target makes or updates the virtual environment it needs by itself.
# Only Python 3.11 to 3.13 is asked for. PYTHON=python3.12 make test picks another one.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo-out
WEB_OUT ?= web-out
EXAMPLES ?= 10000

.PHONY: help demo kiosk test test-web fuzz-web lint bench test-bookworm test-convert wheel hil arm64 faults clean
help:
	@echo "make demo            the door on the bundled clip, no camera, no pins; look at $(OUT)/report.html"
	@echo "make kiosk           the pages on the bundled clip: beside the door and the owner's; prints their addresses. KIOSK='--set kiosk.language=zh'"
	@echo "make test            all tests (no network after installation, no camera, no pins)"
	@echo "make test-web        the pages in a real browser (Debian's chromium); screenshots in $(WEB_OUT)/"
	@echo "make fuzz-web        the pages' API by its OpenAPI document, $(EXAMPLES) examples"
	@echo "make lint            ruff and mypy --strict"
	@echo "make bench           every stage's speed on this machine"
	@echo "make test-bookworm   the tests with Raspberry Pi OS Bookworm's numpy 1.24 and OpenCV 4.6"
	@echo "make test-convert    the converter's tests with TensorFlow (2 GB in an environment of their own)"
	@echo "make wheel           build the wheel, install it in an empty environment, run the short demo from there"
	@echo "make hil             the door's hardware over four jumper wires on a Raspberry Pi (docs/hil.md); HIL='--hil-soak 24 ...'"
	@echo "make arm64           networks, tests and demo on arm64 Debian 12 and 13, emulated (root; docs/arm64.md)"
	@echo "make faults          kills, power cuts, dead cameras, full disks, mad clocks, hostile input; a table (docs/faults.md); N=0.1 SEED=..."
	@echo "make clean           remove environments and outputs"

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 with venv is needed (Debian: sudo apt install python3-venv)"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "installing edge-face with OpenCV into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[opencv,media]'
	@touch $@

$(VENV)/.kiosk: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "installing edge-face with OpenCV and its pages into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[opencv,media,kiosk]'
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "installing edge-face with its test tools into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo $(VENV)/.kiosk

$(VENV)/.web: $(VENV)/.dev
	@echo "installing the browser tests' tools into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[web]'
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/edge-face demo --out $(OUT)

kiosk: $(VENV)/.kiosk
	@$(BIN)/edge-face kiosk demo $(KIOSK)

test: $(VENV)/.dev
	@$(BIN)/pytest

# The API by its own document, all checks.
fuzz-web: $(VENV)/.web
	@EDGE_FACE_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -p no:cacheprovider -rs -s --timeout 7200 tests/web/test_web_api.py --web

# A browser of the system's own (sudo apt install chromium), none is fetched. Not part of make test: minutes, and two processes more.
test-web: $(VENV)/.web
	@EDGE_FACE_WEB_OUT=$(WEB_OUT) $(BIN)/pytest -p no:cacheprovider -rs tests/web --web $(WEB)

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/.demo
	@$(BIN)/edge-face bench

# pip's wheels of the very versions that Bookworm's apt has: numpy 1.24 and OpenCV 4.6 need Python 3.11. Only what they can matter to:
# pictures, networks, people and the demo.
.venv-bookworm/.done: pyproject.toml
	@python3.11 -m venv .venv-bookworm
	@.venv-bookworm/bin/pip install --quiet --disable-pip-version-check -e . 'numpy==1.24.2' 'opencv-python-headless==4.6.0.66' \
		pytest pytest-timeout hypothesis
	@touch $@

test-bookworm: .venv-bookworm/.done
	@.venv-bookworm/bin/python -c 'import cv2, numpy; print("OpenCV", cv2.__version__, "numpy", numpy.__version__)'
	@.venv-bookworm/bin/pytest -p no:cacheprovider $(addprefix tests/,cameras cli demo evaluation media people privacy vision) $(wildcard tests/test_*.py)

# The workstation's half: TensorFlow, Keras and ai-edge-quantizer, which the other tests go without.
.venv-convert/.done: pyproject.toml
	@$(PYTHON) -m venv .venv-convert
	@.venv-convert/bin/pip install --quiet --disable-pip-version-check -e '.[convert,media]' pytest pytest-timeout hypothesis jsonschema
	@touch $@

test-convert: .venv-convert/.done
	@TF_CPP_MIN_LOG_LEVEL=3 .venv-convert/bin/pytest -p no:cacheprovider tests/converter tests/test_architecture.py

wheel: $(VENV)/.dev
	@scripts/check-wheel $(BIN)/python

# Anywhere else than on a Pi it says what it lacks and tests its own simulated wires.
hil: $(VENV)/.dev
	@mkdir -p hil-out
	@status=0; $(BIN)/pytest -p no:cacheprovider -rs tests/hil --hil $(HIL) --junitxml=hil-out/hil.xml || status=$$?; \
		$(BIN)/python tests/hil/hil_page.py hil-out/hil.xml hil-out/hil.html && exit $$status

# Too slow for every change: docs/arm64.md keeps the last result.
arm64: $(VENV)/.dev
	@$(BIN)/python scripts/arm64 --record docs/arm64.md $(ARM64)

# 1,000 kills, 1,000 power cuts and all else that docs/faults.md lists; N scales it, SEED repeats it. Root for the disks that are full.
N ?= 1
faults: $(VENV)/.dev
	@$(BIN)/python -m tests.faults --n $(N) $(if $(SEED),--seed $(SEED)) $(FAULTS)

clean:
	rm -rf .venv .venv-bookworm .venv-convert build dist *.egg-info $(OUT) $(WEB_OUT) bench-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
