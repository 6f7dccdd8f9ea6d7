"""What people at their desks use in a new repository: the README, an editor, git."""

from __future__ import annotations

import json

from runner.scaffold.answers import Action, Answers, Requirement, Runner, Wheel
from runner.scaffold.github import REQUIREMENTS, wheel

TEMPLATES = """\
# Shared SQL

Files ending in `.sql`, each one SELECT that several cohorts use with other values \
(`audience.template`, `params`).
Macros go into `macros/`, and are taken in with `{% from "macros/money.sql" import in_euros %}`. \
Names are lower-case
letters, digits and underscores.
"""

LISTS = """\
# Lists of values

Files ending in `.csv` or `.txt` for long lists in rules: \
`{column: sku, in: {file: lists/skus.csv}}`. The first value
of each line counts. **No people here**: who somebody is belongs in a table in Treasure Data, \
never in git.
"""

GITIGNORE = """\
.venv/
.cohorts/
__pycache__/
"""

SETTINGS = (
    json.dumps(
        {
            "yaml.schemas": {
                "./.vscode/cohort.schema.json": [
                    "cohorts/**/*.yml",
                    "!cohorts/project.yml",
                    "!cohorts/tables.yml",
                ],
                "./.vscode/project.schema.json": ["cohorts/project.yml"],
                "./.vscode/tables.schema.json": ["cohorts/tables.yml"],
            }
        },
        indent=2,
    )
    + "\n"
)

EXTENSIONS = json.dumps({"recommendations": ["redhat.vscode-yaml"]}, indent=2) + "\n"

PRE_COMMIT = """\
# Optional: checks every commit that touches cohorts/ before it is made. `pre-commit install`, once.
# The hooks run the `cohorts` that is on your PATH, so that it is the one you try things out with.
repos:
  - repo: local
    hooks:
      - id: cohorts-fmt
        name: cohorts fmt
        entry: cohorts fmt
        language: system
        files: ^cohorts/
        pass_filenames: false
      - id: cohorts-validate
        name: cohorts validate
        entry: cohorts validate
        language: system
        files: ^cohorts/
        pass_filenames: false
      - id: cohorts-test
        name: cohorts test
        entry: cohorts test
        language: system
        files: ^cohorts/
        pass_filenames: false
"""


def readme(answers: Answers) -> str:
    """What this repository is, and the first steps in order."""
    target = answers.target
    return f"""\
# Audiences

Each file under `cohorts/` is one audience cohort. [Cohort Runner](#the-command) keeps Braze in \
step with the main
branch: people who qualify enter, people who no longer qualify leave. Nothing else may write \
these cohorts.

**To change who is in a cohort**, change its file and open a pull request. It is answered with a \
plan: which cohorts
change, and why. Merging it does it. Deleting a file takes everybody out of that cohort.

| | |
|---|---|
| `cohorts/*.yml`, in folders as you like | the cohorts |
| `cohorts/project.yml` | what all share: tables, limits, where they go |
| `cohorts/templates/`, `cohorts/lists/` | shared SQL, long lists of values |
| `.github/workflows/cohorts-*.yml` | what GitHub does |
| `.github/actions/cohorts/` | which version of the command it does it with |

## The first steps, once

0. [Install the command](#the-command).
1. In [cohorts/project.yml](cohorts/project.yml), write your database, your Braze workspace and \
the column with Braze's
   external ids, and declare your tables under `sources`.
2. Look whether all is well: `cohorts validate`.
3. In Treasure Data, make an authentication for Braze named `{answers.connection}`, and a user \
for the runner, who may
   query your database, use that authentication, and create, write and delete tables in \
`{answers.state_database}`;
   nothing more.
4. On your machine, with that user's key:

   ```sh
   export TD_API_KEY=…
   cohorts bootstrap --target {target}
   cohorts doctor --target {target}
   # when only the canary is left, with a user of your own:
   cohorts doctor --target {target} --canary external_id:SOMEBODY
   ```

5. Push this repository to GitHub:

   ```sh
   git init -b main
   git add -A
   git commit -m Cohorts
   git remote add origin git@github.com:OWNER/REPOSITORY.git
   git push -u origin main
   ```

   In its settings there:
   - an environment `{target}` (the target's name), for the main branch only, with the secret \
`TD_API_KEY`
   - a rule for the branch `main` that asks for a pull request and for the check `required`
   - last of all the variable `COHORTS_TARGET`, with the value `{target}`: from then on merges \
are synced
6. Open a pull request with the first cohort: `cohorts new`.

The document docs/github.md of Cohort Runner walks through all of it, `cohorts explain CODE` \
tells what a message means.
docs/sandbox.md there tells how to rehearse steps 3 and 4 without an account.

## The command

{_command(answers)}

```sh
cohorts new my_cohort          # a first file
cohorts validate               # every file, without a key
cohorts test                   # the cohorts' own tests, without a key
cohorts describe my_cohort     # in plain English
```

To see a plan without any account, start a sandbox in one terminal:

```sh
cohorts sandbox --from-sources   # your tables with made-up rows, and a Braze, on your machine; \
no account
```

and ask for the plan in another one:

```sh
export TD_API_KEY=sandbox-key
cohorts plan --members
```

Editors that speak YAML complete and check these files: VS Code asks to install its YAML \
extension. It offers your own
tables, columns and cohorts after `cohorts schema cohort --project > \
.vscode/cohort.schema.json`. Run it again whenever
`sources` change, and commit the file, so that those have it too who never installed the command.
"""


def _command(answers: Answers) -> str:
    """How the command is installed, in the workflows and on a machine."""
    return f"""\
{_origin(answers.runner)} On your machine, with Python 3.11 or later, at the top of this repository:

```sh
python3 -m venv .venv
. .venv/bin/activate
pip install {_installed(answers.runner)}
```

Then:"""


def _origin(runner: Runner) -> str:
    """Where the workflows install the command from, in a sentence."""
    match runner:
        case Action(repository, commit):
            return f"""\
The workflows install `cohorts` from the repository `{repository}`, at commit `{commit}`."""
        case Wheel():
            return f"""\
The workflows install `cohorts` from the wheel `{wheel(runner)}`."""
        case Requirement() if runner.is_in_an_index:
            return f"""\
The workflows install `cohorts` from a package index of yours, in the version that
`{REQUIREMENTS}` names. `PIP_INDEX_URL` is the address of that index: as a
variable of the repository on GitHub, and in your environment."""
        case Requirement():
            return f"""\
The workflows install `cohorts` from the address in `{REQUIREMENTS}`."""


def _installed(runner: Runner) -> str:
    """What pip is asked for to install the same on a machine."""
    match runner:
        case Action(repository, commit):
            address = f"git+https://github.com/{repository}@{commit}"
            return f"'cohort-runner[sandbox] @ {address}'"
        case Requirement() | Wheel():
            return f"-r {REQUIREMENTS}"
