"""Folders of example files, good and bad, each beside the exact lines that a user would see.

A single file is tried as the only cohort of a repository: `*.defaults.yml` under a project with defaults
(`defaults.yml` here), `*.scheduled.yml` under one with a schedule, all others under
`project.yml`; a folder is a repository without its project file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from runner.definitions import tree
from runner.definitions.cohort import Cohort
from runner.files.schemas import text
from runner.project import file as project
from runner.project.file import Guards, Limit, Project

HERE = Path(__file__).parent


def examples(folder: str) -> list[object]:
    """Each example and its golden file, which has its name and the ending .txt."""
    paths = sorted(path for path in (HERE / folder).iterdir() if path.suffix != ".txt")
    return [pytest.param(path, path.with_suffix(".txt"), id=path.stem) for path in paths]


def repository(root: Path, example: Path) -> Path:
    """A repository made of an example: a folder as it is, a file as its only cohort."""
    if example.is_dir():
        shutil.copytree(example, root, dirs_exist_ok=True)
    else:
        (root / "cohorts").mkdir()
        shutil.copy(example, root / "cohorts" / example.name)
    kind = example.stem.rpartition(".")[2]
    name = f"{kind if kind in ('defaults', 'scheduled') else 'project'}.yml"
    shutil.copy(HERE / name, root / "cohorts" / "project.yml")
    return root


def loaded(root: Path) -> tree.Tree:
    found = project.load(root)
    assert isinstance(found, Project), [str(problem) for problem in found]
    return tree.load(root, found)


def expect(golden: Path, lines: list[str]) -> None:
    """The lines are those of the golden file; where there is none, write down what the failure shows."""
    wanted = golden.read_text(encoding="utf-8").splitlines() if golden.exists() else []
    assert lines == wanted, f"{golden.name} should be:\n" + "\n".join(lines)


def limit(value: Limit) -> str:
    return " and ".join(f"{part}{sign}" for part, sign in ((value.count, ""), (value.percent, "%")) if part is not None)


def guards(value: Guards) -> str:
    return (
        f"max_members {value.max_members}, max_added {limit(value.max_added)}, "
        f"max_removed {limit(value.max_removed)}, allow_empty {value.allow_empty}"
    )


def lines(cohort: Cohort) -> list[str]:
    fields = ("id", "braze_id", "name", "description", "owner", "sql")
    shown = [f"{field}: {getattr(cohort, field)!r}" for field in fields]
    shown += [f"identifier: {each.handle} {each.column}{' lower' * each.lower}" for each in cohort.identifiers]
    shown += [f"schedule: {cohort.schedule.cron} {cohort.schedule.zone}"] if cohort.schedule else []
    shown += [f"max_age: {cohort.max_age}"] if cohort.max_age else []
    return [*shown, f"mode: {cohort.mode}", f"guards: {guards(cohort.guards)}"]


@pytest.mark.parametrize(("example", "golden"), examples("valid"))
def test_a_good_file_becomes_a_cohort(example: Path, golden: Path, tmp_path: Path) -> None:
    found = loaded(repository(tmp_path, example))
    assert [str(problem) for problem in found.problems] == []
    expect(golden, [line for cohort in found.cohorts for line in lines(cohort)])


@pytest.mark.parametrize(("example", "golden"), examples("invalid"))
def test_a_bad_file_is_told_exactly(example: Path, golden: Path, tmp_path: Path) -> None:
    found = loaded(repository(tmp_path, example))
    assert found.problems
    good = [f"good: {cohort.id}" for cohort in found.cohorts]
    expect(golden, [*(str(problem) for problem in found.problems), *good])


def placed(root: Path, example: Path) -> Project | tuple[project.Problem, ...]:
    (root / "cohorts").mkdir()
    shutil.copy(example, root / "cohorts" / "project.yml")
    return project.load(root)


@pytest.mark.parametrize(("example", "golden"), examples("projects/invalid"))
def test_a_bad_project_file_is_told_exactly(example: Path, golden: Path, tmp_path: Path) -> None:
    found = placed(tmp_path, example)
    assert isinstance(found, tuple)
    expect(golden, [str(problem) for problem in found])


@pytest.mark.parametrize(("example", "golden"), examples("projects/valid"))
def test_a_good_project_file(example: Path, golden: Path, tmp_path: Path) -> None:
    found = placed(tmp_path, example)
    assert isinstance(found, Project), [str(problem) for problem in found]
    targets = [f"{target!r}" for target in found.targets.values()]
    expect(golden, [f"{found.defaults!r}", f"guards: {guards(found.guards)}", f"vars: {found.vars!r}", *targets])


def test_every_golden_file_has_its_example() -> None:
    for golden in HERE.rglob("*.txt"):
        if "cohorts" not in golden.relative_to(HERE).parts:
            assert golden.with_suffix(".yml").exists() or golden.with_suffix("").is_dir(), golden


def test_a_bad_project_file_does_not_hide_bad_cohorts(tmp_path: Path) -> None:
    root = repository(tmp_path, HERE / "invalid" / "several_bad_files")
    found = tree.load(root, None)
    assert found.problems == loaded(root).problems
    assert (found.cohorts, found.files) == ((), 6)


def test_cohorts_are_sorted_by_id_and_files_counted(tmp_path: Path) -> None:
    root = repository(tmp_path, HERE / "valid" / "smallest.yml")
    source = (HERE / "valid" / "smallest.yml").read_text()
    for name, identity in (("a", "zebra"), ("b", "aardvark")):
        changed = source.replace("lapsed_buyers", identity).replace("Lapsed buyers", identity)
        (root / "cohorts" / f"{name}.YML").write_text(changed)
    (root / "cohorts" / "c.yml").write_text("")
    found = loaded(root)
    assert [cohort.id for cohort in found.cohorts] == ["aardvark", "lapsed_buyers", "zebra"]
    assert found.files == 4


def test_links(tmp_path: Path) -> None:
    root = repository(tmp_path / "repository", HERE / "invalid" / "several_bad_files")
    for bad in (root / "cohorts").glob("*.yml"):
        if bad.name not in ("good.yml", "project.yml"):
            bad.unlink()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(HERE / "valid" / "smallest.yml", tmp_path / "elsewhere" / "a.yml")
    (root / "cohorts" / "folder").symlink_to(tmp_path / "elsewhere")
    (root / "cohorts" / "out.yml").symlink_to(tmp_path / "elsewhere" / "a.yml")
    (root / "cohorts" / "broken.yml").symlink_to("nothing.yml")
    (root / "cohorts" / "around").symlink_to(".")
    found = loaded(root)
    folder = "F002 this is a link to a folder, which is not followed; put the folder itself here"
    broken = "F002 the file is a link to something that does not exist"
    out = "F002 the file is a link that leads out of this folder; put the file itself here"
    assert [str(problem) for problem in found.problems] == [
        f"cohorts/around:1:1 {folder}",
        f"cohorts/broken.yml:1:1 {broken}; put the file itself here, or delete the link",
        f"cohorts/folder:1:1 {folder}",
        f"cohorts/out.yml:1:1 {out}",
    ]
    assert [cohort.id for cohort in found.cohorts] == ["lapsed_buyers"]


def test_a_file_name_cannot_forge_a_line(tmp_path: Path) -> None:
    root = repository(tmp_path, HERE / "valid" / "smallest.yml")
    (root / "cohorts" / "a\n::error::b\x1b.yml").write_text("")
    assert [str(problem) for problem in loaded(root).problems] == [
        "cohorts/a\ufffd::error::b\ufffd.yml:1:1 F006 the file is empty; fill it in, or delete it"
    ]


def test_a_repository_without_its_folder_or_project_file(tmp_path: Path) -> None:
    def told() -> list[str]:
        found = project.load(tmp_path)
        assert isinstance(found, tuple)
        return [str(problem) for problem in found]

    cure = "go to the folder that holds it; `cohorts init` writes one"
    assert told() == [f"cohorts/ P001 there is no folder cohorts/ here; {cure}"]
    (tmp_path / "cohorts").mkdir()
    assert told() == ["cohorts/project.yml:1:1 P003 the project file is missing; `cohorts init` writes one"]
    (tmp_path / "cohorts" / "project.yaml").touch()
    assert told() == [
        "cohorts/project.yaml:1:1 P002 the project file has the wrong name; rename it to cohorts/project.yml"
    ]


def test_the_project_file_must_not_be_a_link_that_leads_away(tmp_path: Path) -> None:
    (tmp_path / "cohorts").mkdir()
    (tmp_path / "cohorts" / "project.yml").symlink_to(HERE / "project.yml")
    out = "F002 the file is a link that leads out of this folder; put the file itself here"
    found = project.load(tmp_path)
    assert isinstance(found, tuple)
    assert [str(problem) for problem in found] == [f"cohorts/project.yml:1:1 {out}"]


@pytest.mark.parametrize(
    ("site", "endpoint"),
    [
        ("us", "https://api.treasuredata.com"),
        ("tokyo", "https://api.treasuredata.co.jp"),
        ("eu", "https://api.eu01.treasuredata.com"),
        ("ap02", "https://api.ap02.treasuredata.com"),
        ("ap03", "https://api.ap03.treasuredata.com"),
    ],
)
def test_a_site_has_an_endpoint(site: str, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "project.yml").write_text(
        (HERE / "project.yml").read_text().replace("endpoint: http://127.0.0.1:8399", f"site: {site}")
    )
    found = placed(tmp_path, tmp_path / "project.yml")
    assert isinstance(found, Project)
    assert found.targets["sandbox"].endpoint == endpoint
    assert not found.targets["sandbox"].is_sandbox
    assert f'"{site}"' in text("project")
