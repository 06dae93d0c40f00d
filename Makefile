# Every target does its own set-up. `make help` lists them.

PYTHON ?= python3
VENV := .venv
REQUIREMENTS := requirements-test.txt
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install -q --disable-pip-version-check
CLIENT_ID ?=

# The releases of Kodi that a target needs; KODI=19 names another one.
KODIS = $(or $(KODI),20)
test test-kodi: KODIS = $(or $(KODI),19 20 21)
# The oldest Python that is here. 3.8 is Kodi 19's on Windows and Android.
OLDEST = $(shell for python in $(foreach minor,8 9 10,python3.$(minor) $(HOME)/.pyenv/versions/3.$(minor).*/bin/python) \
	$(PYTHON); do $$python -c 'import ensurepip, sys; print(sys.executable)' 2>/dev/null && break; done)
# What the releases are installed with, and what their screens are made of and looked at with.
KODI_PACKAGES := mmdebstrap debian-archive-keyring xvfb imagemagick zbar-tools iproute2
# The tests meet Kodi's in /tmp, inside and outside of its file system.
export TMPDIR := /tmp

.PHONY: help run test test-unit test-oldest test-kodi screenshots fleet bench mutants lint format news zip clean kodi

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: $(VENV)/done kodi ## A throw-away Kodi with the add-on in it (CLIENT_ID=... for the real Simkl)
	tools/as_root.sh $(RUN) -m tests.rig.demo $(CLIENT_ID)

test: test-unit test-oldest test-kodi ## All tests

test-unit: $(VENV)/done ## The tests without Kodi
	$(RUN) --version
	$(RUN) -m pytest -q tests/unit

test-oldest: ## The same on the oldest Python that is here
	$(MAKE) --no-print-directory test-unit PYTHON=$(or $(OLDEST),$(PYTHON)) VENV=$(VENV)/oldest REQUIREMENTS=requirements-unit.txt

test-kodi: $(VENV)/done kodi ## The tests in Kodi 20, the main ones in 19 and 21 too (KODI=19: all in that one; TEST=name)
	rm -rf build/failures
	tools/as_root.sh $(RUN) -m pytest -q -n 3 tests/kodi $(if $(TEST),-k '$(TEST)')

screenshots: $(VENV)/done kodi ## The sign-in in every state, in two skins, three sizes and four languages
	tools/as_root.sh $(RUN) -m tests.rig.gallery

fleet: $(VENV)/done ## What becomes of hundreds who sign in at once (a simulation)
	$(RUN) -m tests.fleet

bench: $(VENV)/done kodi ## Figures from a real Kodi, with what to compare them with
	tools/as_root.sh $(RUN) -m tests.rig.bench

mutants: $(VENV)/done ## Break what a sign-in is made of in every small way, and list what no test notices
	$(PIP) cosmic-ray==8.7.0
	rm -rf build/mutants && mkdir -p build/mutants && cp -r lib tests tools resources *.* build/mutants
	cd build/mutants && export PATH="$(CURDIR)/$(VENV)/bin:$$PATH" && cosmic-ray init tests/mutants.toml session.sqlite \
		&& cosmic-ray baseline tests/mutants.toml && cosmic-ray exec tests/mutants.toml session.sqlite \
		&& cr-report --surviving-only --show-diff session.sqlite

lint: $(VENV)/done ## Format, style, types, and the rules of Kodi's repository
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy default.py lib
	$(VENV)/bin/mypy --python-version 3.11 --explicit-package-bases --exclude 'tests/kodi/(addons|consumers)' tests tools
	$(RUN) -m tools.news --check
	$(RUN) -m tools.check_addon

format: $(VENV)/done ## Rewrite the sources in the project's format
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

news: $(VENV)/done ## Put the newest part of changelog.txt into addon.xml
	$(RUN) -m tools.news

zip: $(VENV)/done ## The installable add-on (CLIENT_ID=... fills in the publisher's client id)
	$(RUN) -m tools.package build $(CLIENT_ID)

clean: ## Remove what the other targets made
	rm -rf build $(VENV) .hypothesis .mypy_cache .ruff_cache .pytest_cache

kodi: $(VENV)/modules
	@tools/install_packages.sh $(KODI_PACKAGES)
	@$(RUN) -m tests.rig.releases $(KODIS)

$(VENV)/done: requirements-test.txt requirements-unit.txt tests/rig/kodi-20.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/install_packages.sh python3 python3-venv
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r $(REQUIREMENTS)
	touch $@

$(VENV)/modules: $(VENV)/done $(wildcard tests/rig/kodi-*.txt)
	rm -rf $(VENV)/kodi-*
	for release in 19 20 21; do \
		$(PIP) --no-deps --target $(VENV)/kodi-$$release -r tests/rig/kodi-$$release.txt || exit 1; done
	touch $@
