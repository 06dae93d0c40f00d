# Every target installs what it needs. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
REQUIREMENTS := requirements-test.txt
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install -q --disable-pip-version-check
CLIENT_ID ?=

# The releases of Kodi that a target needs. KODI=19 selects another release. Run one target of these at a time, because the
# target kodi is made only once.
KODIS = $(or $(KODI),20)
test test-kodi: KODIS = $(or $(KODI),19 20 21 21.3)
# The oldest Python on this machine. Kodi 19 has Python 3.8 on Windows and Android.
OLDEST = $(shell for python in $(foreach minor,8 9 10,python3.$(minor) $(HOME)/.pyenv/versions/3.$(minor).*/bin/python) \
	$(PYTHON); do $$python -c 'import ensurepip, sys; print(sys.executable)' 2>/dev/null && break; done)
# Packages that install the releases of Kodi, give them a screen and a network, and read screenshots.
KODI_PACKAGES := mmdebstrap debian-archive-keyring xvfb imagemagick zbar-tools iproute2
# The tests and Kodi share files in /tmp, which Kodi sees in its own file system, too.
export TMPDIR := /tmp

.PHONY: help run test test-unit test-oldest test-kodi screenshots fleet bench crash mutants lint format news zip repository clean kodi

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

run: $(VENV)/done kodi ## Start a temporary Kodi with the add-on (CLIENT_ID=... for the real Simkl)
	tools/as_root.sh $(RUN) -m tests.rig.demo $(CLIENT_ID)

test: test-unit test-oldest test-kodi ## Run all tests

test-unit: $(VENV)/done ## Run the tests without Kodi
	$(RUN) --version
	$(RUN) -m pytest -q -n auto tests/unit

test-oldest: ## Run the tests without Kodi on the oldest Python of this machine
	$(MAKE) --no-print-directory test-unit PYTHON=$(or $(OLDEST),$(PYTHON)) VENV=$(VENV)/oldest REQUIREMENTS=requirements-unit.txt

test-kodi: $(VENV)/done kodi ## Run the tests in Kodi 20, and the main ones in 19, 21 and 21.3 (KODI=19: all in 19; TEST=name: only these)
	rm -rf build/failures
	tools/as_root.sh $(RUN) -m pytest -q -n 6 --maxschedchunk 1 tests/kodi $(if $(TEST),-k '$(TEST)')

screenshots: $(VENV)/done kodi ## Take screenshots of every state of the sign-in: in English in two skins and three sizes, and in four other languages
	tools/as_root.sh $(RUN) -m tests.rig.gallery

fleet: $(VENV)/done ## Simulate hundreds of users who sign in at the same time
	$(RUN) -m tests.fleet

bench: $(VENV)/done kodi ## Measure the add-on in a real Kodi, and print each figure beside one to compare it with
	tools/as_root.sh $(RUN) -m tests.rig.bench

crash: $(VENV)/done kodi ## Kill a real Kodi again and again while it writes the account, and count what is lost (KODI=19: in that one)
	tools/as_root.sh $(RUN) -m tests.rig.crash

mutants: $(VENV)/done ## Make small changes to the code of the sign-in, and list those that no test notices
	$(PIP) cosmic-ray==8.7.0
	rm -rf build/mutants && mkdir -p build/mutants && cp -r lib tests tools resources *.* build/mutants
	cd build/mutants && export PATH="$(CURDIR)/$(VENV)/bin:$$PATH" && cosmic-ray init tests/mutants.toml session.sqlite \
		&& cosmic-ray baseline tests/mutants.toml && cosmic-ray exec tests/mutants.toml session.sqlite \
		&& cr-report --surviving-only --show-diff session.sqlite

lint: $(VENV)/done $(VENV)/stubs-22 ## Check format, style, layers, types, and the rules of Kodi's repository
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy default.py lib
	MYPYPATH=$(VENV)/stubs-22 $(VENV)/bin/mypy --python-version 3.11 --cache-dir .mypy_cache/kodi-22 default.py lib
	MYPYPATH=lib $(VENV)/bin/mypy testing
	$(VENV)/bin/mypy --python-version 3.11 --explicit-package-bases --exclude 'tests/kodi/(addons|consumers)' tests tools
	$(RUN) -m tools.news --check
	$(RUN) -m tools.check_addon
	$(RUN) -m tools.check_window

format: $(VENV)/done ## Format the sources
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

news: $(VENV)/done ## Copy the newest part of changelog.txt into addon.xml
	$(RUN) -m tools.news

zip: $(VENV)/done ## Make the zip that Kodi installs (a release: CLIENT_ID=... SOURCE=https://...)
	$(RUN) -m tools.package build '$(CLIENT_ID)' '$(SOURCE)'

repository: $(VENV)/done ## Make a repository of the zips in ZIPS=FOLDER, to be served at URL=https://...
	@test -n '$(ZIPS)' -a -n '$(URL)' || { echo 'This needs ZIPS=FOLDER URL=https://...'; exit 1; }
	rm -rf build/repository
	$(RUN) -m tools.repository '$(URL)' build/repository '$(ZIPS)'/*.zip

clean: ## Remove everything that the other targets have made, except the releases of Kodi
	rm -rf build $(VENV) .hypothesis .import_linter_cache .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -r {} +

kodi: $(VENV)/modules
	@tools/install_packages.sh $(KODI_PACKAGES)
	@$(RUN) -m tests.rig.releases $(KODIS)

$(VENV)/done: requirements-test.txt requirements-unit.txt tests/rig/kodi-20.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/install_packages.sh python3 python3-venv
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r $(REQUIREMENTS)
	touch $@

# The API of Kodi 22, which needs Python 3.10. There is no final version yet.
$(VENV)/stubs-22: $(VENV)/done
	rm -rf $@
	$(PIP) --no-deps --only-binary :all: --python-version 3.11 --target $@ Kodistubs==22.0.1rc1
	touch $@

$(VENV)/modules: $(VENV)/done $(wildcard tests/rig/kodi-*.txt)
	rm -rf $(VENV)/kodi-*
	for release in 19 20 21; do \
		$(PIP) --no-deps --target $(VENV)/kodi-$$release -r tests/rig/kodi-$$release.txt || exit 1; done
	touch $@
