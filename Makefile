# Two commands: `make book` and `make test`. Everything happens inside this folder; the network is used to install only.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
SITE := _build/html/index.html
CFFCONVERT := .venv/cffconvert/ready
JOBS ?= 2
AXE_VERSION := 4.14.1
AXE := _build/axe/$(AXE_VERSION)
# The exact versions to install; CONSTRAINTS=/dev/null takes the newest of everything instead.
CONSTRAINTS ?= constraints.txt
export OMP_NUM_THREADS ?= 1
export VERIFIED_DYNAMICS_PROFILE ?= smoke

.PHONY: help book pdf publish-names test site execute style versions release clean

help:  ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 16

book: site  ## execute the chapters that changed, build the site, say where to open it
	@echo "The book is at file://$(CURDIR)/$(SITE)"

pdf: site  ## the whole book as one PDF, printed by Chromium
	$(BIN)/python -m verified_dynamics.book.pdf

publish-names: execute  ## add the names of chapters, claims and figures to the list of those that stay
	$(BIN)/python -m verified_dynamics.book.published

test: $(READY) $(CFFCONVERT) $(AXE)  ## unit tests, every notebook, the site and its checks
	$(BIN)/ruff check lib tests conftest.py
	$(BIN)/python -m pytest -q -n $(JOBS) tests chapters --ignore=tests/book/site
	$(MAKE) --no-print-directory site
	$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile tests/book/site

site: execute
	$(BIN)/jupyter-book build . -W -n --keep-going --quiet

execute: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS) chapters

versions: $(READY)  ## installed packages whose versions are not those of constraints.txt
	@mkdir -p _build
	@$(BIN)/python -m pip list --format freeze --exclude pip --exclude setuptools --exclude wheel --exclude verified-dynamics \
		| sed 's/+.*//' | LC_ALL=C sort -f > _build/installed.txt
	@grep -v '^#' constraints.txt | LC_ALL=C sort -f | diff - _build/installed.txt | grep '^[<>]' \
		|| echo "All as in constraints.txt."

release:  ## check, build and pack the book as one archive: make release VERSION=1.2.3
	@test -n "$(VERSION)" || { echo "Say which version: make release VERSION=1.2.3"; exit 1; }
	$(MAKE) --no-print-directory $(READY)
	$(BIN)/python -m verified_dynamics.book.release check "$(VERSION)"
	$(MAKE) --no-print-directory site pdf
	$(BIN)/python -m verified_dynamics.book.release pack "$(VERSION)"

style: $(READY)  ## lay the code out, sort the imports, write the chapters in canonical form
	$(BIN)/ruff format lib tests conftest.py
	$(BIN)/ruff check --fix lib tests conftest.py
	$(BIN)/python -m verified_dynamics.book.canonical chapters/*/*.ipynb

# cffconvert asks for a jsonschema older than the tests', so it lives in an environment of its own.
$(CFFCONVERT): .ci/cffconvert.txt | $(READY)
	$(PYTHON) -m venv .venv/cffconvert
	.venv/cffconvert/bin/python -m pip install --quiet --requirement .ci/cffconvert.txt
	@touch $(CFFCONVERT)

# The accessibility checker that the site's tests run in the browser; without npm these tests are skipped.
$(AXE):
	@mkdir -p $@
	@if command -v npm >/dev/null; then \
		npm install --prefix $@ --no-package-lock --no-save --no-audit --no-fund --silent axe-core@$(AXE_VERSION) \
			|| { rm -rf $@; exit 1; }; \
	else rmdir $@; echo "npm is not installed: the site is tested without axe-core"; fi

clean:  ## remove what was built; the environment stays
	rm -rf _build

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed, and $(PYTHON) is older: try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[book,test]'
	@touch $(READY)
