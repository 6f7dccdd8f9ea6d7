"""What GitHub reads in a new repository, beside the workflows themselves."""

from __future__ import annotations

from runner.scaffold.answers import Action, Answers, Requirement, Wheel

SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"

ACTION = ".github/actions/cohorts/action.yml"
REQUIREMENTS = ".github/actions/cohorts/requirements.txt"

_INPUTS = """\
inputs:
  python-version:
    description: The Python that the command runs on, 3.11 or later.
    default: "3.13"
  index-url:
    description: A package index of your own, instead of pip's default.
    default: ""
"""

_FROM_ACTION = f"""\
# Where the workflows of this repository get the command `cohorts` from: they know no other place.
name: cohorts
description: Installs the command `cohorts`, as this repository has chosen it.

{_INPUTS}
runs:
  using: composite
  steps:
    - name: Install the command
      uses: REPOSITORY@COMMIT
      with:
        python-version: ${{{{ inputs.python-version }}}}
        index-url: ${{{{ inputs.index-url }}}}
"""

_FROM_INDEX = f"""\
# Where the workflows of this repository get the command `cohorts` from: they know no other place.
name: cohorts
description: Installs the command `cohorts`, of the version in requirements.txt beside this file.

{_INPUTS}
runs:
  using: composite
  steps:
    - name: Set up Python
      uses: {SETUP_PYTHON}
      with:
        python-version: ${{{{ inputs.python-version }}}}
    - name: Install the command
      shell: bash
      env:
        HERE: ${{{{ github.action_path }}}}
        INDEX: ${{{{ inputs.index-url }}}}
      run: |
        set -euo pipefail
        python -m pip install --quiet --disable-pip-version-check \\
          ${{INDEX:+--index-url "$INDEX"}} -r "$HERE/requirements.txt"
"""

_REQUIREMENTS = """\
# What the workflows install. `[sandbox]` is what `cohorts test` runs on.
# To pin everything below it too: `pip-compile --generate-hashes`, or `uv pip compile \
--generate-hashes`.
"""

_DEPENDABOT = """\
# Proposes newer versions of what the workflows use, as pull requests.
version: 2
updates:
  - package-ecosystem: github-actions
    directories:
      - /
      - /.github/actions/cohorts
    schedule:
      interval: weekly
    cooldown:
      default-days: 7 # a version that was published by mistake, or by a thief, is found out in days
"""

_DEPENDABOT_PIP = """\
  - package-ecosystem: pip
    directory: /.github/actions/cohorts
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
"""

PULL_REQUEST = """\
## Who, and why

<!-- Who is meant by the cohort, and what it is for: a campaign, a test, a question. -->

## Checked

- [ ] I read the plan below (`cohorts` comments on this pull request): these cohorts and no \
others change.
- [ ] Nobody who should stay would leave, and the number of members is about what I expect.
- [ ] A test says who qualifies, and who just does not.
- [ ] A new cohort: after the first sync, somebody builds its segment in Braze by hand
      (filter **Treasure Data Cohorts**).
"""


def action(answers: Answers) -> str:
    """The composite action that puts the command on the PATH."""
    match answers.runner:
        case Action(repository, commit):
            named = _FROM_ACTION.replace("REPOSITORY", repository)
            return named.replace("COMMIT", commit)
        case Requirement() | Wheel():
            return _FROM_INDEX


def requirements(runner: Requirement | Wheel) -> str:
    """What pip installs in the workflows; it is run at the top of the repository."""
    match runner:
        case Requirement(line):
            return f"{_REQUIREMENTS}{line}\n"
        case Wheel():
            return f"{_REQUIREMENTS}./{wheel(runner)}[sandbox]\n"


def wheel(runner: Wheel) -> str:
    """Where a wheel lies in the repository."""
    return f"{REQUIREMENTS.rpartition('/')[0]}/{runner.name}"


def dependabot(answers: Answers) -> str:
    """What Dependabot looks after; the command from a package index too."""
    if isinstance(answers.runner, Action):
        return _DEPENDABOT
    return _DEPENDABOT + _DEPENDABOT_PIP


def codeowners(answers: Answers) -> str:
    """Who is asked to review what; commented out as long as nobody is named."""
    line = f"* {answers.owner}"
    if not answers.owner:
        line = "# Write your own team and take away the first `#`.\n# * @acme/crm"
    return f"""\
# Who must approve a change, once the branch rules of main ask for a review by code owners.
{line}
# What reaches the key or sets the limits may want other eyes; the last line that fits counts.
# /.github/ @acme/data-platform
# /cohorts/project.yml @acme/data-platform
"""
