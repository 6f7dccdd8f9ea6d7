"""The project file of a new repository."""

from __future__ import annotations

import json
import re

from runner.scaffold.answers import SANDBOX, Answers


def project(answers: Answers) -> str:
    """`cohorts/project.yml`: what must be there, and as comments what comes next."""
    return f"""\
# What every cohort of this repository shares. `cohorts schema project` tells every key.
version: 1

defaults:
  owner: {_yaml(answers.team)}   # who answers for a cohort that names nobody
  identifiers: {{external_id: customer_id}}   # the column of your tables that holds Braze's \
external ids
  schedule: {{cron: "17 5 * * *"}}   # when `cohorts sync --due` fetches data again; in UTC
  max_age: 26h   # older than this, `cohorts status` calls a cohort stale

guards:
  max_members: 100000   # no cohort may be larger; write what you would be surprised by

# What rules (`where`) may ask about: who there is, and what they did. Declare your own tables, \
without the `#`;
# `cohorts sources pull` adds the columns of a table that is there, with a key of Treasure Data;
# `cohorts sandbox --from-sources` makes the tables on your machine, with made-up rows.
#
# sources:
#   customers:
#     table: shop.customers
#     description: One row for everybody who ever signed up.
#     key: customer_id          # tells people apart
#     columns:
#       country: {{type: text, description: "two letters, such as US"}}
#       email: {{type: text, personal: true}}
#       lifetime_value: {{type: number, description: in dollars}}
#   purchases:
#     table: shop.purchases
#     description: One row for every article bought.
#     join: customer_id         # whose it is
#     time: time                # when it happened
#     columns:
#       category: text
#       amount: {{type: number, description: in dollars}}
#
# People who are taken out of every cohort: the id of a cohort that lists them.
#
# suppress: [opted_out]

targets:
  # a Treasure Data and a Braze on your machine, to try things out: `cohorts sandbox` starts them
  {SANDBOX}:
    endpoint: http://127.0.0.1:8399
    database: shop
    state_database: cohort_runner_sandbox
    workspace: {SANDBOX}
    connection: braze
  {answers.target}:
    site: {answers.site}   # your account's region: us, tokyo, eu, ap02 or ap03
    database: {_yaml(answers.database)}   # what queries read
    state_database: {_yaml(answers.state_database)}   # what the runner remembers; its own, \
`cohorts bootstrap` makes it
    workspace: {_yaml(answers.workspace)}   # your name for the Braze workspace
    connection: {_yaml(answers.connection)}   # the authentication in Treasure Data that leads there
    protected: true   # outside CI, `cohorts sync` asks before it writes
"""


def _yaml(value: str) -> str:
    """A text as YAML reads it: plain where nothing but text could be meant."""
    is_name = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", value)
    if is_name and value.lower() not in _WORDS:
        return value
    # every text of JSON is one of YAML too
    return json.dumps(value, ensure_ascii=False)


_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""What YAML reads as a boolean or as nothing, in small letters."""
