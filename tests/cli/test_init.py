"""`cohorts init`: a new repository works as it is, is written once, and never over what somebody wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from runner.scaffold.answers import installed
from runner.scaffold.answers import runner as read_runner
from runner.scaffold.files import WORKFLOWS
from runner.scaffold.github import SETUP_PYTHON
from tests.place import Place

ROOT = Path(__file__).parents[2]
PINNED = "cohort-runner[sandbox]==0.1.0"
ASKED = ("--runner", PINNED)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACTIONLINT = Path(sys.executable).with_name("actionlint")
ACTION = ".github/actions/cohorts/action.yml"
REQUIREMENTS = ".github/actions/cohorts/requirements.txt"


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    return Place(tmp_path, "http://127.0.0.1:1")


def shop(where: Place) -> Place:
    return Place(where.folder / "shop", where.url)


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with what is in it, and when it was written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_an_empty_folder_becomes_a_repository_that_is_valid(empty: Place) -> None:
    answer = empty.run("init", *ASKED, "shop")
    assert answer.code == 0, answer.err
    made = shop(empty)
    assert answer.out.startswith(f"{len(tree(made.folder))} files written in shop:\n  .github/CODEOWNERS\n")
    assert "cd shop" in answer.out
    assert "COHORTS_TARGET=production" in answer.out
    assert made.run("validate").code == 0, "a repository without a cohort yet is no error"
    assert made.run("new", "first").code == 0
    assert made.run("validate").out == "1 cohort checked: no problems.\n"
    assert made.run("fmt", "--check").code == 0
    assert made.run("test", "--target", "production").code == 0


def test_what_was_installed_from_a_commit_is_installed_from_it_again() -> None:
    origin = {"url": "https://github.com/acme/cohort-runner.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    made = installed(json.dumps(origin))
    assert made == f"cohort-runner[sandbox] @ git+https://github.com/acme/cohort-runner.git@{COMMIT}"
    assert read_runner(made)


WHEEL = "cohort_runner-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("origin", "offered"),
    [
        ({"url": "file:///home/ann/cohort-runner", "dir_info": {"editable": True}}, ""),
        ({"url": f"file:///home/ann/a%20b/{WHEEL}", "archive_info": {}}, f"/home/ann/a b/{WHEEL}"),
        (
            {"url": f"https://example.com/{WHEEL}", "archive_info": {"hashes": {"sha256": "0" * 64}}},
            f"cohort-runner[sandbox] @ https://example.com/{WHEEL}#sha256={'0' * 64}",
        ),
        ({"url": f"https://example.com/{WHEEL}", "archive_info": {}}, ""),
        (
            {"url": "https://example.com/cohort_runner-1.0.tar.gz", "archive_info": {"hashes": {"sha256": "0" * 64}}},
            "",
        ),
        ({"url": f"file:///home/ann/{WHEEL}", "dir_info": {}}, ""),
        ({"url": "ssh://git@example.com/acme/runner.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, ""),
        ({"url": "https://example.com/acme/runner", "vcs_info": {"vcs": "hg", "commit_id": COMMIT}}, ""),
        (None, ""),
    ],
)
def test_what_is_offered_is_where_the_command_came_from(origin: Any, offered: str) -> None:
    assert installed(json.dumps(origin) if origin else "") == offered


def test_nothing_unproven_is_the_default(empty: Place) -> None:
    answer = empty.run("init", "shop")
    assert (answer.code, answer.err.split(" ")[0]) == (64, "P133")
    assert "OWNER/REPOSITORY@COMMIT" in answer.err
    assert not (empty.folder / "shop").exists()


def test_where_the_command_was_installed_from_is_the_default(empty: Place) -> None:
    wheel = empty.folder / WHEEL
    wheel.write_bytes(b"a wheel")
    # as pip leaves it beside what it installs
    site = empty.folder / "site"
    kept = site / "cohort_runner-1.0.dist-info"
    kept.mkdir(parents=True)
    (kept / "METADATA").write_text("Metadata-Version: 2.1\nName: cohort-runner\nVersion: 1.0\n", "utf-8")
    (kept / "direct_url.json").write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}), "utf-8")
    path = os.pathsep.join(filter(None, [os.fspath(site), os.environ.get("PYTHONPATH")]))
    with empty.start("init", "shop", PYTHONPATH=path) as started:
        _, err = started.communicate(timeout=60)
    assert started.returncode == 0, err
    assert (empty.folder / "shop" / ".github" / "actions" / "cohorts" / WHEEL).read_bytes() == b"a wheel"


def test_a_second_run_needs_no_runner(empty: Place) -> None:
    empty.run("init", "--runner", f"acme/cohort-runner@{COMMIT}")
    before = tree(empty.folder)
    answer = empty.run("init")
    assert (answer.code, answer.out) == (0, "0 files written here; nothing was missing.\n")
    assert tree(empty.folder) == before


def test_a_wheel_lies_in_the_repository(empty: Place) -> None:
    wheel = empty.folder / "cohort_runner-9.9-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    answer = empty.run("init", "shop", "--runner", str(wheel))
    assert answer.code == 0
    assert f"  .github/actions/cohorts/{wheel.name}\n" in answer.out
    made = empty.folder / "shop" / ".github" / "actions" / "cohorts" / wheel.name
    assert made.read_bytes() == b"a wheel"
    written = (empty.folder / "shop" / REQUIREMENTS).read_text("utf-8")
    assert written.endswith(f"\n./.github/actions/cohorts/{wheel.name}[sandbox]\n")
    answer = shop(empty).run("init")
    assert answer.out == "0 files written here; nothing was missing.\n"
    for bad in ("other-1.0-py3-none-any.whl", WHEEL):
        assert empty.run("init", "new", "--runner", bad).code == 64


def test_here_is_the_default(empty: Place) -> None:
    answer = empty.run("init", *ASKED)
    assert answer.code == 0
    assert " files written here:\n" in answer.out
    assert "  cd " not in answer.out
    assert (empty.folder / "cohorts" / "project.yml").is_file()


def test_workflows_are_those_of_this_repository_to_the_byte(empty: Place) -> None:
    empty.run("init", *ASKED)
    assert tuple(f"cohorts-{name}.yml" for name in ("pr", "sync", "drift")) == WORKFLOWS
    for path in (".github/zizmor.yml", *(f".github/workflows/{name}" for name in WORKFLOWS)):
        assert (empty.folder / path).read_bytes() == (ROOT / path).read_bytes(), path


def test_options_reach_the_project_file(empty: Place) -> None:
    given = {
        "site": "eu",
        "database": "crm",
        "state-database": "memory",
        "workspace": 'Shop: "US"',
        "connection": "braze eu",
        "target": "live",
        "owner": "@acme/growth",
    }
    answer = empty.run("init", *ASKED, *(word for name, value in given.items() for word in (f"--{name}", value)))
    assert answer.code == 0, answer.err
    made = read(empty.folder / "cohorts" / "project.yml")
    assert made["targets"]["live"] == {
        "site": "eu",
        "database": "crm",
        "state_database": "memory",
        "workspace": 'Shop: "US"',
        "connection": "braze eu",
        "protected": True,
    }
    assert set(made["targets"]) == {"sandbox", "live"}
    assert made["defaults"]["owner"] == "growth"
    assert "\n* @acme/growth\n" in (empty.folder / ".github" / "CODEOWNERS").read_text("utf-8")
    assert "cohorts bootstrap --target live" in (empty.folder / "README.md").read_text("utf-8")
    assert "COHORTS_TARGET=live" in answer.out


def test_words_of_yaml_stay_text(empty: Place) -> None:
    assert empty.run("init", *ASKED, "--workspace", "on", "--connection", "0x10", "--database", "123").code == 0
    target = read(empty.folder / "cohorts" / "project.yml")["targets"]["production"]
    assert (target["workspace"], target["connection"], target["database"]) == ("on", "0x10", "123")
    empty.run("new", "first")
    assert empty.run("validate").code == 0


def test_commented_sources_are_good_once_the_marks_are_gone(empty: Place) -> None:
    empty.run("init", *ASKED)
    project = empty.folder / "cohorts" / "project.yml"
    text = project.read_text("utf-8")
    first, last = text.index("# sources:"), text.index("# People who are")
    block = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text[first:last].splitlines())
    project.write_text(text[:first] + block + "\n" + text[last:], "utf-8")
    assert empty.run("new", "first", "--event", "purchases").code == 0
    assert empty.run("validate").out == "1 cohort checked: no problems.\n"
    assert empty.run("test").code == 0


def test_a_second_run_writes_nothing(empty: Place) -> None:
    empty.run("init", *ASKED)
    before = tree(empty.folder)
    answer = empty.run("init", *ASKED)
    assert (answer.code, answer.out) == (0, "0 files written here; nothing was missing.\n")
    assert tree(empty.folder) == before


def test_what_is_there_is_left_alone_unless_forced(empty: Place) -> None:
    readme = empty.folder / "README.md"
    readme.write_text("ours\n", "utf-8")
    answer = empty.run("init", *ASKED)
    assert answer.out.count("Left alone") == 1
    assert "Left alone, since they are there and say something else:\n  README.md\n" in answer.out
    assert readme.read_text("utf-8") == "ours\n"
    (empty.folder / "LICENSE").write_text("MIT\n", "utf-8")
    forced = empty.run("init", *ASKED, "--force")
    assert forced.out.startswith("1 file written here:\n  README.md\n")
    assert readme.read_text("utf-8").startswith("# Audiences\n")
    assert (empty.folder / "LICENSE").read_text("utf-8") == "MIT\n"


def test_a_file_that_was_deleted_comes_back_as_the_command_has_it_now(empty: Place) -> None:
    """The way to newer workflows, with everything else as it is."""
    empty.run("init", *ASKED, "--database", "crm")
    for name in WORKFLOWS:
        (empty.folder / ".github" / "workflows" / name).unlink()
    answer = empty.run("init", *ASKED)
    assert answer.out.startswith("3 files written here:\n  .github/workflows/")
    assert "cohorts/project.yml" in answer.out.partition("Left alone")[2]
    assert read(empty.folder / "cohorts" / "project.yml")["targets"]["production"]["database"] == "crm"


def test_the_command_comes_from_an_index_in_this_version(empty: Place) -> None:
    empty.run("init", *ASKED)
    lines = (empty.folder / REQUIREMENTS).read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["cohort-runner[sandbox]==0.1.0"]
    steps = read(empty.folder / ACTION)["runs"]["steps"]
    assert SETUP_PYTHON in (empty.folder / ACTION).read_text("utf-8")
    assert SETUP_PYTHON in (ROOT / "action.yml").read_text("utf-8"), "the same commit as the action of this repository"
    assert "${{" not in steps[1]["run"]
    assert "pip" in [update["package-ecosystem"] for update in read(empty.folder / ".github/dependabot.yml")["updates"]]


@pytest.mark.parametrize(
    "wanted",
    [
        "cohort-runner[sandbox]==1.2.3",
        "cohort-runner==1.2.3.post1",
        f"cohort-runner[sandbox] @ https://example.com/cohort_runner-1.2.3-py3-none-any.whl#sha256={'0' * 64}",
        f"cohort-runner[sandbox] @ git+https://github.com/acme/cohort-runner@{COMMIT}",
    ],
)
def test_the_command_comes_from_where_pip_finds_it(empty: Place, wanted: str) -> None:
    assert empty.run("init", "--runner", wanted).code == 0
    assert (empty.folder / REQUIREMENTS).read_text("utf-8").endswith(f"\n{wanted}\n")


def test_the_command_comes_from_a_repository(empty: Place) -> None:
    assert empty.run("init", "--runner", f"acme/cohort-runner@{COMMIT}").code == 0
    steps = read(empty.folder / ACTION)["runs"]["steps"]
    assert [step["uses"] for step in steps] == [f"acme/cohort-runner@{COMMIT}"]
    assert steps[0]["with"] == {name: f"${{{{ inputs.{name} }}}}" for name in ("python-version", "index-url")}
    assert not (empty.folder / REQUIREMENTS).exists()
    updates = read(empty.folder / ".github" / "dependabot.yml")["updates"]
    assert [update["package-ecosystem"] for update in updates] == ["github-actions"]


def test_where_the_command_comes_from_may_be_chosen_again(empty: Place) -> None:
    empty.run("init", *ASKED)
    assert empty.run("init", "--runner", f"acme/cohort-runner@{COMMIT}").out.startswith(
        f"1 file written here:\n  {ACTION}"
    )
    assert f"acme/cohort-runner@{COMMIT}" in (empty.folder / ACTION).read_text("utf-8")
    (empty.folder / REQUIREMENTS).unlink()
    empty.run("init")  # without a word of it, it stays
    assert f"acme/cohort-runner@{COMMIT}" in (empty.folder / ACTION).read_text("utf-8")
    assert not (empty.folder / REQUIREMENTS).exists()


def test_both_actions_take_what_the_workflows_give(empty: Place) -> None:
    ours = read(ROOT / ".github" / "actions" / "cohorts" / "action.yml")["inputs"]
    for runner in ("cohort-runner==1.0", f"acme/cohort-runner@{COMMIT}"):
        empty.run("init", *ASKED, "--force", "--runner", runner)
        assert read(empty.folder / ACTION)["inputs"] == ours


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--site", "usa", "write one of us, tokyo, eu, ap02, ap03"),
        ("--database", "Shop", "lower-case letters, digits and underscores, but it is 'Shop'"),
        ("--state-database", "my-state", "--state-database must be a database's name"),
        ("--workspace", "a\nb", "--workspace must be one line of text"),
        ("--workspace", "sandbox", "the sandbox's own"),
        ("--connection", " ", "--connection must be one line of text, and not blank"),
        ("--target", "Live", "--target must be lower-case letters"),
        ("--target", "sandbox", "which is there anyway"),
        ("--owner", "acme/crm", "such as @acme/crm"),
        ("--owner", "@acme/crm\n* @eve", "such as @acme/crm"),
        ("--runner", "acme/cohort-runner@v1", "names no commit of acme/cohort-runner"),
        ("--runner", f"acme/cohort-runner@{COMMIT[:12]}", "the commit's 40 digits"),
        ("--runner", "cohort-runner", "a version in a package index of yours"),
        ("--runner", "cohort-runner>=0.1", "a version in a package index of yours"),
        ("--runner", "cohort-runner @ git+https://github.com/acme/cohort-runner@main", "a commit's 40 digits"),
        ("--runner", "cohort-runner @ git+https://github.com/acme/cohort-runner", "a commit's 40 digits"),
        ("--runner", "cohort-runner @ https://github.com/acme/cohort-runner/archive/main.zip", "#sha256="),
        ("--runner", "cohort-runner==0.1\n--index-url https://example.com", "a version in a package index of yours"),
    ],
)
def test_what_cannot_be_is_refused(empty: Place, option: str, value: str, says: str) -> None:
    answer = empty.run("init", *ASKED, option, value)
    assert answer.code == 64
    assert answer.err.startswith("P120 ")
    assert says in answer.err
    assert not tree(empty.folder)


@pytest.mark.parametrize("link", [".github", ".github/workflows", "cohorts", "README.md"])
def test_no_link_leads_out(empty: Place, link: str) -> None:
    outside = empty.folder / "outside"
    outside.mkdir()
    place = empty.folder / "shop" / link
    place.parent.mkdir(parents=True)
    place.symlink_to(outside / ("x" if "." in link[1:] else "."))
    for force in ([], ["--force"]):
        answer = empty.run("init", *ASKED, "shop", *force)
        assert (answer.code, answer.err[:5]) == (64, "P121 ")
        assert "leads out of shop" in answer.err
    assert not tree(outside)
    assert not tree(empty.folder / "shop")


def test_a_file_in_the_place_of_a_folder_is_told(empty: Place) -> None:
    (empty.folder / ".vscode").write_text("", "utf-8")
    answer = empty.run("init", *ASKED)
    assert (answer.code, answer.err.startswith("P121 .vscode/")) == (64, True)
    assert empty.run("init", *ASKED, "README").code == 0
    (empty.folder / "taken").write_text("", "utf-8")
    assert empty.run("init", *ASKED, "taken").err.startswith("P121 taken/")


def test_the_editor_knows_the_cohorts_that_are_there(empty: Place) -> None:
    empty.run("init", *ASKED)
    schema = empty.folder / ".vscode" / "cohort.schema.json"
    assert schema.read_text("utf-8") == empty.run("schema", "cohort", "--project").out
    project = (empty.folder / ".vscode" / "project.schema.json").read_text("utf-8")
    assert project == empty.run("schema", "project").out
    mapped = json.loads((empty.folder / ".vscode" / "settings.json").read_text("utf-8"))["yaml.schemas"]
    assert {(empty.folder / path).is_file() for path in mapped} == {True}
    empty.run("new", "first")
    schema.unlink()
    empty.run("init", *ASKED)
    assert '"const": "first"' in schema.read_text("utf-8")


def test_hooks_run_what_there_is(empty: Place) -> None:
    empty.run("init", *ASKED)
    hooks = read(empty.folder / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    shipped = read(ROOT / ".pre-commit-hooks.yaml")
    assert sorted(hook["id"] for hook in hooks) == sorted(hook["id"] for hook in shipped)
    for hook in (*hooks, *shipped):
        assert hook["pass_filenames"] is False
        program, command = hook["entry"].split()
        assert (program, empty.run(command, "--help").code) == ("cohorts", 0)


def test_the_wheel_has_what_is_copied(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        for path in ("zizmor.yml", *(f"workflows/{name}" for name in WORKFLOWS)):
            assert wheel.read(f"runner/scaffold/shipped/{path}") == (ROOT / ".github" / path).read_bytes()


@pytest.mark.skipif(not ACTIONLINT.exists(), reason="actionlint is not installed")
@pytest.mark.parametrize("runner", ["cohort-runner[sandbox]==0.1.0", f"acme/cohort-runner@{COMMIT}"])
def test_linters_find_nothing(empty: Place, runner: str) -> None:
    empty.run("init", "--runner", runner)
    (empty.folder / ".git").mkdir()  # where actionlint looks for a repository's top
    around = {"PATH": f"{ACTIONLINT.parent}:{os.environ['PATH']}", "HOME": str(empty.folder)}
    asked = subprocess.run([ACTIONLINT], cwd=empty.folder, env=around, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout) == (0, "")


def test_a_wheel_behind_a_link_is_refused_before_anything_is_written(empty: Place) -> None:
    wheel = empty.folder / "cohort_runner-9.9-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    action = empty.folder / "shop" / ".github" / "actions" / "cohorts"
    action.mkdir(parents=True)
    (action / wheel.name).symlink_to(empty.folder / "elsewhere.whl")
    answer = empty.run("init", "shop", "--runner", str(wheel))
    assert (answer.code, answer.err.split(" ")[0]) == (64, "P121")
    assert not (empty.folder / "shop" / "cohorts").exists()
