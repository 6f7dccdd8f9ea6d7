"""Every file of a new repository, by its path."""

from __future__ import annotations

from pathlib import Path

from runner.scaffold import desk, github
from runner.scaffold.answers import Action, Answers
from runner.scaffold.project import project

WORKFLOWS = ("cohorts-pr.yml", "cohorts-sync.yml", "cohorts-drift.yml")
"""The same in every repository, byte for byte: only `.github/actions/cohorts/` differs."""

PROJECT = "cohorts/project.yml"
COHORT_SCHEMA = ".vscode/cohort.schema.json"
PROJECT_SCHEMA = ".vscode/project.schema.json"
TABLES_SCHEMA = ".vscode/tables.schema.json"


def files(answers: Answers) -> dict[str, str]:
    """Paths and what is written there, but for the schemas of the editor, which the
    project itself decides.
    """
    made = {
        PROJECT: project(answers),
        "cohorts/templates/README.md": desk.TEMPLATES,
        "cohorts/lists/README.md": desk.LISTS,
        github.ACTION: github.action(answers),
        ".github/CODEOWNERS": github.codeowners(answers),
        ".github/dependabot.yml": github.dependabot(answers),
        ".github/pull_request_template.md": github.PULL_REQUEST,
        ".github/zizmor.yml": shipped("zizmor.yml"),
        ".vscode/settings.json": desk.SETTINGS,
        ".vscode/extensions.json": desk.EXTENSIONS,
        ".gitignore": desk.GITIGNORE,
        ".pre-commit-config.yaml": desk.PRE_COMMIT,
        "README.md": desk.readme(answers),
    }
    for name in WORKFLOWS:
        made[f".github/workflows/{name}"] = shipped(f"workflows/{name}")
    if not isinstance(answers.runner, Action):
        made[github.REQUIREMENTS] = github.requirements(answers.runner)
    return dict(sorted(made.items()))


def shipped(name: str) -> str:
    """The text of a file of Cohort Runner's own `.github/`."""
    package = Path(__file__).parent
    place = package / "shipped"
    # in a checkout nothing is shipped: the folder is the repository's own
    if not place.is_dir():
        place = package.parent.parent / ".github"
    return (place / name).read_bytes().decode()
