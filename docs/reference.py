"""Writes the reference pages: `make reference`. A test keeps them current.

docs/format.md is made from the JSON Schemas, docs/commands.md from the command itself,
docs/same.md from the table of what the sandbox answers as Trino does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

from runner.cli import app
from runner.errors import ExitCode
from runner.plan.reason import Why
from runner.sandbox.duck import table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "format.md"
SAME = ROOT / "docs" / "same.md"
COMMANDS = ROOT / "docs" / "commands.md"

OPENING = """\
# The format

Every key of a cohort's file, of `cohorts/project.yml` and of `cohorts/tables.yml`, written from \
the schemas by
`docs/reference.py`. Editors that speak YAML show the same while you type: point them to \
`cohorts schema cohort`,
`cohorts schema project` and `cohorts schema tables`.
"""

FILES = (
    ("cohort", "A cohort's file"),
    ("project", "cohorts/project.yml"),
    ("tables", "cohorts/tables.yml"),
)

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of keys",
}


COOKBOOK = ROOT / "docs" / "cookbook.md"
RECIPES = ROOT / "docs" / "cookbook" / "cohorts"
COOKBOOK_OPENING = """\
# Cookbook

Twenty cohorts that people ask for. Each is a file of
[cookbook/cohorts](cookbook/cohorts), with tests that pass: copy it, and write your own tables and
numbers into it. The tables are those of
[cookbook/cohorts/project.yml](cookbook/cohorts/project.yml).
"""


def cookbook() -> str:
    """The page of all recipes: a name, a sentence and the file of each."""
    parts = [COOKBOOK_OPENING]
    for path in sorted(RECIPES.glob("*.yml")):
        if path.name == "project.yml":
            continue
        text = path.read_text("utf-8")
        recipe = yaml.safe_load(text)
        parts += [
            f"## {recipe['name']}\n",
            f"{recipe['description']} [{path.name}](cookbook/cohorts/{path.name})\n",
            f"```yaml\n{text}```\n",
        ]
    return "\n".join(parts).rstrip() + "\n"


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for name, heading in FILES:
        schema = json.loads(
            (ROOT / "schema" / f"{name}.schema.json").read_text("utf-8")
        )
        keys = [f"[`{key}`](#{_anchor(name, key)})" for key in schema["properties"]]
        parts += [
            f"## {heading}\n",
            f"{schema['markdownDescription']}\n",
            f"Keys: {', '.join(keys)}.\n",
        ]
        parts += _properties(schema, name, (), 3)
        if rule := schema.get("$defs", {}).get("rule"):
            parts += [
                "### A rule\n",
                f"{rule['markdownDescription']}\n",
                _example_of(rule, "where"),
            ]
            parts += _properties(rule, "rule", (), 4)
    return "\n".join(parts).rstrip() + "\n"


def _properties(
    schema: Mapping[str, Any], page_of: str, path: tuple[str, ...], depth: int
) -> Iterator[str]:
    for key, inner in schema.get("properties", {}).items():
        needed = key in schema.get("required", ())
        yield from _section(inner, page_of, (*path, key), depth, needed=needed)
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and "title" in named:
        yield from _section(named, page_of, (*path, "NAME"), depth, needed=False)


def _section(
    schema: Mapping[str, Any],
    page_of: str,
    path: tuple[str, ...],
    depth: int,
    *,
    needed: bool,
) -> Iterator[str]:
    anchor = f'<a id="{_anchor(page_of, *path)}"></a>\n\n' if len(path) == 1 else ""
    yield f"{anchor}{'#' * min(depth, 6)} `{'.'.join(path)}`{': required' if needed else ''}\n"
    yield f"{schema['markdownDescription']}\n"
    if facts := list(_facts(schema)):
        yield f"{'; '.join(facts)}.\n"
    if (
        schema.get("$ref") == "#/$defs/rule"
        or schema.get("items", {}).get("$ref") == "#/$defs/rule"
    ):
        yield (
            "Each is [a rule](#a-rule).\n"
            if schema.get("type") == "array"
            else "It is [a rule](#a-rule).\n"
        )
    if schema.get("examples"):
        yield _example_of(schema, path[-1])
    yield from _properties(schema, page_of, path, depth + 1)


def _example_of(schema: Mapping[str, Any], key: str) -> str:
    """Up to two examples of a key."""
    shown = [
        yaml.safe_dump(
            {key: example},
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=110,
        )
        for example in schema["examples"][:2]
    ]
    return "```yaml\n" + "# or\n".join(shown) + "```\n"


def _facts(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be, in words."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{choice}`" for choice in schema["enum"])
    elif "const" in schema:
        yield f"Always `{json.dumps(schema['const'])}`".replace('"', "")
    elif kinds:
        yield " or ".join(KINDS[kind] for kind in kinds).capitalize()
    if must := schema.get("patternErrorMessage"):
        yield must
    if "minimum" in schema:
        yield f"at least {schema['minimum']}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if "default" in schema:
        yield f"default: `{json.dumps(schema['default'])}`".replace('"', "")
    alternatives = [
        branch["required"]
        for branch in schema.get("oneOf", [])
        if set(branch) == {"required"}
    ]
    if alternatives:
        yield "exactly one of " + ", ".join(
            f"`{key}`" for keys in alternatives for key in keys
        )


def _anchor(page_of: str, *path: str) -> str:
    return "-".join((page_of, *path))


COMMANDS_OPENING = """\
# The commands

Every command and every option, written from the program itself by `docs/reference.py`.
`cohorts COMMAND --help` prints the same in a terminal.

The column *key* says which Treasure Data key a command needs in `TD_API_KEY`: none, one that \
only reads, or the
runner's own, which may also write to the state database and use the connection to Braze.
"""

NO, READS, WRITES = "no", "read-only", "yes"
KEYS = {
    "init": NO,
    "new": NO,
    "fmt": NO,
    "validate": NO,
    "test": NO,
    "list": NO,
    "render": NO,
    "preview": READS,
    "describe": f"{NO}; {READS} for the number of members",
    "explain": NO,
    "schema": NO,
    "sandbox": NO,
    "review": f"{NO}; {READS} with `--members`",
    "plan": f"{READS}; {NO} with `--offline`",
    "sync": WRITES,
    "status": READS,
    "history": READS,
    "rollback": WRITES,
    "drift": READS,
    "bootstrap": WRITES,
    "doctor": WRITES,
    "adopt": WRITES,
    "abandon": WRITES,
    "unlock": WRITES,
    "verify": READS,
    "sources check": READS,
    "sources pull": READS,
    "github comment": f"{NO}; `GITHUB_TOKEN`",
    "github issue": f"{NO}; `GITHUB_TOKEN`",
}
"""Which key of Treasure Data a command needs."""

EXIT_CODES = {
    ExitCode.DONE: "The command did what was asked.",
    ExitCode.FAILED: "The command failed. Of `status`: a cohort is stale.",
    ExitCode.CHANGES: "There is something to do. Only `plan` and `drift` say this,"
    " with `--detailed-exitcode`.",
    ExitCode.INVALID: "A cohort file or the project file is invalid.",
    ExitCode.AUTHENTICATION: "The key is missing, wrong, or not allowed to do this.",
    ExitCode.UNAVAILABLE: "A service does not answer or is busy. Try again later.",
    ExitCode.BLOCKED: "A guard stopped a cohort, or a question waits for an answer.",
    ExitCode.MIXED: "Some cohorts are done and some are not, or some files are invalid.",
    ExitCode.STALE: "This tree is older than the one synced last, or the plan"
    " differs, or nobody reviewed the change.",
    ExitCode.LOCKED: "Another run is writing, or the ledger cannot be used.",
    ExitCode.USAGE: "The command line is wrong: an unknown option, a missing value.",
    ExitCode.INTERRUPTED: "Somebody interrupted the run (Ctrl-C).",
    ExitCode.TERMINATED: "The machine ended the run (SIGTERM).",
}

ENVIRONMENT = {
    "TD_API_KEY": "The key to Treasure Data. No option takes it, so that it stands in"
    " no shell history.",
    "COHORTS_WEBHOOK_URL": "Where notices go; see"
    " [operating.md](operating.md#alerts). Keep it as secret as a key.",
    "COHORTS_RETRY_SECONDS": "How long a service that does not answer is asked again."
    " Seconds; default 60.",
    "COHORTS_CHECKPOINT_ROWS": "How many rows of the ledger may come before another"
    " checkpoint is made (delivery.md). Default 2000.",
    "COHORTS_JOB_SECONDS": "How long the runner waits for one job. Seconds; default 3600.",
    "COHORTS_TRINO_HOME": "Where a real Trino is set up. Default: a folder of the user's cache.",
    "XDG_CACHE_HOME": "The user's cache, where `COHORTS_TRINO_HOME` is not set.",
    "JAVA_HOME": "The Java that runs a real Trino. Without it, the one on the PATH.",
    "HTTPS_PROXY": "A proxy for Treasure Data, GitHub and the webhook. `NO_PROXY`"
    " names hosts that need none.",
    "REQUESTS_CA_BUNDLE": "A file of certificates (PEM) to trust instead of the usual ones.",
    "CI": "In a CI, `sync` waits 15 minutes for another run and asks nothing.",
    "NO_COLOR": "Set to anything, answers have no colours.",
    "FORCE_COLOR": "Set to anything, answers have colours also where no terminal shows them.",
    "GITHUB_TOKEN": "The token that reads and writes comments and issues. The"
    " workflows pass it on.",
    "GITHUB_ACTIONS": "Set by GitHub, as are the others below. In Actions, output"
    " cannot contain commands.",
    "GITHUB_ACTOR": "Who stands in the ledger as the actor. Elsewhere it is the name of the user.",
    "GITHUB_REPOSITORY": "With the next two: the address of the run, kept in the ledger.",
    "GITHUB_RUN_ID": "The number of the run.",
    "GITHUB_SERVER_URL": "The address of GitHub, or of your Enterprise Server.",
    "GITHUB_API_URL": "The address of GitHub's API.",
    "GITHUB_GRAPHQL_URL": "The address of GitHub's GraphQL API.",
    "GITHUB_EVENT_PATH": "The file with the event that started the run.",
    "GITHUB_REF": "The branch that the run is for.",
    "GITHUB_STEP_SUMMARY": "The file that takes the summary of a step.",
    "GITHUB_OUTPUT": "The file that takes the outputs of a step.",
}
"""What the environment says, but for the variables of single options."""

SELECTING = """\
## Selecting cohorts

Commands that take cohorts take ids, files and folders as arguments, and `--select` and \
`--exclude`. Without any, they take all. What is not selected is left as it is.

| you write | it selects |
|---|---|
| `lapsed_*` | cohorts whose id matches |
| `cohorts/growth/vips.yml`, `cohorts/growth` | as an argument: this file, or this folder |
| `tag:email` | cohorts with this tag |
| `owner:crm-team` | cohorts of this owner |
| `path:retention` | cohorts whose file lies in this folder under `cohorts/` |
| `state:new`, `state:modified`, `state:removed` | what a sync would create, update or withdraw |
| `state:failed` | cohorts whose last attempt did not finish |
| `state:stale` | cohorts whose members are older than `max_age` |
| `+vips` | the cohort, and all cohorts that it refers to |
| `vips+` | the cohort, and all cohorts that refer to it |
| `tag:email owner:crm-team` | with a space: cohorts that meet either |
| `tag:email,owner:crm-team` | with a comma: cohorts that meet both |

`state:` needs the ledger: `plan`, `sync`, `status` and `drift` take it.

## Where a command works

A command works in the folder of the project: the nearest folder upwards that has \
`cohorts/project.yml`, at most up to the top of the git repository. `-C FOLDER` starts in another \
folder. Without `--target`, a command takes the only target of the project, else the one named \
`sandbox`.

## Completion

`cohorts --install-completion` lets your shell (bash, zsh or fish) complete commands and options \
with Tab. Open a new terminal after it.

"""

JSON = """\
## JSON outputs

`--output json` answers programs. Every answer has a `version` and follows
[schema/output.schema.json](../schema/output.schema.json), which `cohorts schema output` prints.
It holds counts and never a member.

Each change of a plan, and each cohort of `status`, has its `reasons` in words, and beside them
`reason_codes`: a code for each, in the same order. The words may change. A code never does; a later
version may add one.
"""

GITHUB = """\
## Output for GitHub

`--output github` prints text, marks lines of files, and writes the summary and the outputs of \
the step.

| output of the step | written by |
|---|---|
| `failed`, `exitcode` | `validate`, `test`, `plan`, `review`, `sync`, `drift` |
| `changes`, `to_create`, `to_update`, `to_withdraw`, `blocked` | commands that make a plan |
| `plan_path`, `comment_path` | `review`, and `plan --out` |
"""


def commands_page() -> str:
    """The page of all commands, with exit codes, environment and outputs."""
    found = [*_commands(typer.main.get_command(app), ())]
    parts = [COMMANDS_OPENING, "| command | what it does | key |\n|---|---|---|"]
    parts[1:] = [
        "\n".join([parts[1], *(_row(path, command) for path, command in found)]) + "\n"
    ]
    for path, command in found:
        parts += _command(path, command)
    parts += [SELECTING, _exit_codes(), _environment(found), JSON, _reasons(), GITHUB]
    return "\n".join(parts).rstrip() + "\n"


def _reasons() -> str:
    """The table of all reasons of a plan."""
    rows = [f"| `{why.code}` | {why.words.replace('{}', '…')} |" for why in Why]
    return "\n".join(["| code | words |", "|---|---|", *rows]) + "\n"


def _commands(
    command: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, each in inner.items():
        yield from _commands(each, (*path, name))


def _row(path: tuple[str, ...], command: Any) -> str:
    name = " ".join(path)
    first = command.help.partition("\n\n")[0].replace("\n", " ")
    return f"| [`cohorts {name}`](#cohorts-{'-'.join(path)}) | {_cell(first)} | {KEYS[name]} |"


def _command(path: tuple[str, ...], command: Any) -> Iterator[str]:
    context = typer.Context(command)
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    words = [
        "cohorts",
        *path,
        *(_usage(each) for each in arguments),
        *(["[OPTIONS]"] if options else []),
    ]
    paragraphs = (each.replace("\n", " ") for each in command.help.split("\n\n"))
    yield f"## `cohorts {' '.join(path)}`\n\n```text\n{' '.join(words)}\n```\n"
    yield "\n\n".join(paragraphs) + "\n"
    if arguments:
        rows = [
            f"| `{_name(each)}` | {_cell(each.help or '')} | {_default(each)} |"
            for each in arguments
        ]
        yield (
            "\n".join(["| argument | meaning | default |", "|---|---|---|", *rows])
            + "\n"
        )
    if options:
        rows = [_option(each, context) for each in options]
        yield (
            "\n".join(
                [
                    "| option | meaning | default | environment |",
                    "|---|---|---|---|",
                    *rows,
                ]
            )
            + "\n"
        )


def _option(option: Any, context: typer.Context) -> str:
    written = option.get_help_record(context)[0]
    cells = (
        f"`{_cell(written)}`",
        _cell(option.help or ""),
        _default(option),
        _variable(option),
    )
    return f"| {' | '.join(cells)} |"


def _usage(argument: Any) -> str:
    return _name(argument) if argument.required else f"[{_name(argument)}]"


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or value is False or value == "" else f"`{value}`"


def _variable(option: Any) -> str:
    return f"`{option.envvar}`" if option.envvar else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _exit_codes() -> str:
    rows = [f"| {code.value} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return (
        "\n".join(["## Exit codes\n", "| exit code | meaning |", "|---|---|", *rows])
        + "\n"
    )


def _environment(found: list[tuple[tuple[str, ...], Any]]) -> str:
    of_options: dict[str, list[str]] = {}
    for path, command in found:
        for each in command.params:
            if each.envvar:
                of_options.setdefault(each.envvar, []).append(f"`{' '.join(path)}`")
    rows = [f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items()]
    more = [
        f"| `{name}` | The option of the same name of {', '.join(commands)}. |"
        for name, commands in sorted(of_options.items())
    ]
    return (
        "\n".join(
            ["## Environment\n", "| variable | meaning |", "|---|---|", *rows, *more]
        )
        + "\n"
    )


if __name__ == "__main__":
    COMMANDS.write_text(commands_page(), "utf-8")
    PAGE.write_text(page(), "utf-8")
    SAME.write_text(table.page(), "utf-8")
    COOKBOOK.write_text(cookbook(), "utf-8")
