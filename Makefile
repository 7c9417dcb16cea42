# Two commands set everything up from a bare clone: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo portal browser test pythons sqlalchemy-2.0 django-6 mining spark lint types examples docs bench soak bare clean

$(VENV)/ready-main: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable '.[all]'
	@touch $@

$(VENV)/ready-test: $(VENV)/ready-main requirements-test.txt
	$(PIP) install --constraint constraints.txt --requirement requirements-test.txt
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready-main requirements-bench.txt
	$(PIP) install --constraint constraints.txt --requirement requirements-bench.txt
	@touch $@

$(VENV)/ready-browser: $(VENV)/ready-test requirements-browser.txt
	$(PIP) install --constraint constraints.txt --requirement requirements-browser.txt
	@touch $@

demo: $(VENV)/ready-main
	$(BIN)/caseflow demo --out demo

# The example portal with its made-up city: site and worker, until Ctrl-C.
ADDRESS := 127.0.0.1:8000
portal: $(VENV)/ready-main
	@cd examples/portal && exec ../../$(BIN)/python manage.py portal $(ADDRESS)

# The same in headless Chromium, which the machine has, with a font for Chinese.
browser: $(VENV)/ready-browser
	$(BIN)/python -m pytest -q -m browser tests/browser

test: $(VENV)/ready-test
	$(BIN)/python -m pytest -n 2 -m 'not soak and not browser'

# Long proofs, two at a time on servers that they share, some of which are killed meanwhile. A proof that fails fails
# the run; one that could not be set up, so that it proved nothing, is named and tried once more by itself.
soak: $(VENV)/ready-test
	$(BIN)/python -m pytest -n 2 -m soak || { test $$? -eq 70 && $(BIN)/python -m pytest -m soak --last-failed --last-failed-no-failures none; }

# The documentation as a site, in build/docs; a warning is an error. Without npm the one state diagram stays text.
MERMAID := build/docs-scripts/package/dist/mermaid.min.js
docs: $(VENV)/ready-main requirements-docs.txt
	$(PIP) install --constraint constraints.txt --requirement requirements-docs.txt
	@mkdir -p build/docs-scripts
	@! command -v npm >/dev/null || [ -e $(MERMAID) ] || (cd build/docs-scripts && \
	  npm pack --silent mermaid@11.12.1 >/dev/null && tar xzf mermaid-*.tgz package/dist/mermaid.min.js && rm mermaid-*.tgz)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs build/docs
	@echo "build/docs/index.html"

# The tests under each newer Python that there is: those that PATH has, and those that pyenv keeps.
PYTHONS := $(wildcard $(foreach version,3.12 3.13,$(shell command -v python$(version)) $(HOME)/.pyenv/versions/$(version).*/bin/python3))
pythons:
	@for python in $(PYTHONS); do \
	  $$python -c 'import sys' 2>/dev/null || continue; echo "== $$($$python --version)"; \
	  rm -rf build/pythons && $$python -m venv build/pythons || exit 1; \
	  build/pythons/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt \
	    --editable '.[all]' --requirement requirements-test.txt || exit 1; \
	  build/pythons/bin/python -W error -m pytest -q -n 2 -m 'not soak and not browser' tests || exit 1; \
	done; rm -rf build/pythons

# The stores of databases with the oldest line of SQLAlchemy that is supported, beside the newest of `make test`.
SQLALCHEMY := 2.0.58
sqlalchemy-2.0: $(VENV)/ready-test
	@rm -rf build/sqlalchemy && $(PIP) install --no-deps --target build/sqlalchemy 'SQLAlchemy==$(SQLALCHEMY)'
	PYTHONPATH=build/sqlalchemy $(BIN)/python -c 'import sqlalchemy; assert sqlalchemy.__version__ == "$(SQLALCHEMY)"'
	PYTHONPATH=build/sqlalchemy $(BIN)/python -m pytest -q -n 2 -m 'not soak' tests/contracts -k 'sql_ or moving or pgbouncer'
	@rm -rf build/sqlalchemy

# Django's tasks, with a Django that needs Python 3.12.
django-6:
	@rm -rf build/django && mkdir -p build && grep -vi '^django' constraints.txt > build/django-constraints.txt
	$(lastword $(PYTHONS)) -m venv build/django
	build/django/bin/python -m pip --disable-pip-version-check --quiet install --constraint build/django-constraints.txt \
	  --editable '.[all]' pytest sybil 'Django>=6.0,<6.1'
	build/django/bin/python -m pytest -q tests/contrib/test_django_tasks.py | tee build/django.log
	@grep -q '2 passed' build/django.log; passed=$$?; rm -rf build/django build/django.log build/django-constraints.txt; exit $$passed

# The XES export as a process-mining library reads it; the library is large, so it has a place of its own.
mining: $(VENV)/ready-test
	@rm -rf build/mining && $(PYTHON) -m venv build/mining
	build/mining/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt \
	  --editable '.[all]' --requirement requirements-test.txt --requirement requirements-xes.txt
	build/mining/bin/python -m pytest -q -W ignore tests/exits/test_export_import.py -k mining | tee build/mining.log
	@grep -q '1 passed' build/mining.log; found=$$?; rm -rf build/mining build/mining.log; exit $$found

# Boards on Spark, two threads of this machine; it is large and needs Java 17, so it has a place of its own.
spark:
	@rm -rf build/spark && $(PYTHON) -m venv build/spark
	build/spark/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt \
	  --editable '.[all]' --requirement requirements-test.txt --requirement requirements-spark.txt
	build/spark/bin/python -m pytest -q -W ignore tests/analytics/test_spark.py | tee build/spark.log
	@grep -q '1 passed' build/spark.log; passed=$$?; rm -rf build/spark build/spark.log; exit $$passed

lint: $(VENV)/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-test $(VENV)/ready-bench
	$(BIN)/mypy
	$(BIN)/pyright

examples: $(VENV)/ready-main
	@for example in examples/[0-9]*.py examples/campaign.py examples/leader_board.py; do echo "== $$example"; $(BIN)/python $$example || exit 1; done
	cd examples/portal && ../../$(BIN)/python manage.py test

# With the servers that `.ci/servers` finds or starts; without any it says which rows are left out.
bench: $(VENV)/ready-bench
	@servers=$$(.ci/servers); eval "$$servers"; $(BIN)/python -m benchmarks; done=$$?; .ci/servers stop; exit $$done

# The core without any extra: it must import, and the command line must say what it lacks.
bare:
	@rm -rf build/bare && $(PYTHON) -m venv build/bare
	build/bare/bin/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt .
	build/bare/bin/python -W error -c 'import caseflow; print("caseflow", caseflow.__version__, "imports without extras")'
	build/bare/bin/caseflow --help >/dev/null 2>&1; test $$? -eq 2
	@rm -rf build/bare

clean:
	rm -rf $(VENV) demo
