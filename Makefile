# The commands of the project. `make help` lists them; dev/ does the work.

PYTHON ?= python3
SECONDS ?= 60
DB ?= sms_marketing_demo
DEV = $(PYTHON) -m dev

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz bench access lint format shell serve screenshots clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '%-16s%s\n' "$$name" "$$text"; done
	@echo
	@echo 'Variables: ODOO_SRC=<folder> an Odoo 19 that you have; PGHOST, PGPORT, PGUSER, PGPASSWORD a'
	@echo 'PostgreSQL that you have; DB=<database> for shell and serve; PORT=<port> of the web client;'
	@echo 'SERVE=0 ends the demo after its report; TESTS="path::name …" runs a few tests only.'

setup: ## Make the virtual environment, get Odoo 19, make a PostgreSQL cluster, all in .dev
	@$(DEV) setup

demo: ## Send a campaign through the sandbox carrier, print a report, serve the web client
	@$(DEV) demo

test: ## Run all checks and tests, those in a browser included
	@$(DEV) test

fuzz: ## Fuzz the parsers of webhooks, numbers, texts and files (SECONDS=60)
	@$(DEV) fuzz $(SECONDS)

bench: ## Measure, and print figures beside their goals (BENCH="editor …" chooses)
	@$(DEV) bench

access: ## Print who may do what (docs/access.md) from the tables that the tests try
	@$(DEV) access

lint: ## Check style and common mistakes (ruff, pylint-odoo, OCA, prettier, eslint)
	@$(DEV) lint

format: ## Rewrite the sources in the project's style
	@$(DEV) format

shell: ## Open Odoo's Python shell on a database (DB=…)
	@$(DEV) shell $(DB)

serve: ## Serve the web client of a database (DB=…, PORT=…)
	@$(DEV) serve $(DB)

screenshots: ## Make the pictures of the documentation (docs/images)
	@$(DEV) screenshots

clean: ## Stop PostgreSQL and delete .dev, databases included
	@$(DEV) clean
