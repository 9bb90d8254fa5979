# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
DEMO_OUT ?= vigie-demo

.PHONY: demo test lint bench bench-tls bench-ad requirements clean

demo: .venv/run.stamp
	.venv/bin/python -m vigie demo --out $(DEMO_OUT)

test: .venv/dev.stamp
	scripts/test

lint: .venv/dev.stamp
	scripts/lint

bench: .venv/dev.stamp
	.venv/bin/python -m benchmarks

bench-tls: .venv/dev.stamp
	.venv/bin/python -m benchmarks.bench_tls

bench-ad: .venv/dev.stamp # needs root and Samba
	.venv/bin/python -m benchmarks.bench_ad

.venv/run.stamp: requirements/run.txt scripts/venv
	scripts/venv $(PYTHON) .venv requirements/run.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt scripts/venv
	scripts/venv $(PYTHON) .venv requirements/dev.txt
	@touch $@ .venv/run.stamp

requirements: # after a change of dependencies in pyproject.toml or requirements/dev.in
	scripts/pin

clean:
	rm -rf .venv .venv-* dist build $(DEMO_OUT) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
