"""What people type who know git, Terraform and dbt: flags, words, folders and selections."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runner.cli import commands
from runner.version import VERSION
from tests.place import COHORTS, Place

VIPS = "SELECT customer_id FROM customers"


@pytest.fixture
def inside(place: Place) -> Place:
    """A repository with two cohorts; one of them in a folder of its own."""
    place.cohort("vips", VIPS, extra="tags: [email]\nowner: growth\nschedule: {cron: '5 0 * * *'}\n")
    (place.folder / "cohorts" / "growth").mkdir()
    place.cohort("lapsed", VIPS)
    (place.folder / "cohorts" / "lapsed.yml").rename(place.folder / "cohorts" / "growth" / "lapsed.yml")
    return place


def at(place: Place, folder: str) -> Place:
    """The same, seen from another folder."""
    return Place(place.folder / folder, place.url)


@pytest.mark.parametrize("arguments", [["--version"], ["-v"], ["-C", ".", "--version"]])
def test_the_version(arguments: list[str]) -> None:
    ended = subprocess.run([COHORTS, *arguments], capture_output=True, text=True, check=True)
    assert ended.stdout == f"cohorts {VERSION}\n"


def test_the_version_loads_no_more_than_it_needs() -> None:
    program = "import sys; sys.argv[1:] = ['--version']; from runner.__main__ import main; main(); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = ended.stdout.split()
    assert "runner.version" in loaded
    assert {"typer", "runner.cli"}.isdisjoint(loaded)


def test_python_runs_the_package(place: Place) -> None:
    words = [sys.executable, "-m", "runner", "list"]
    ended = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("ID ")


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["help"]])
def test_help_lists_every_command_in_its_group_and_cuts_nothing(place: Place, arguments: list[str]) -> None:
    answer = place.run(*arguments, COLUMNS="80")
    assert (answer.code, answer.err) == (0, "")
    assert [line[:-1] for line in answer.out.splitlines() if re.match("[A-Z].*:$", line)] == [
        "Options",
        *commands.GROUPS,
    ]
    assert "..." not in answer.out.replace("[ARGS]...", "")
    assert max(map(len, answer.out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["help", "sync"], ["sync", "-h"], ["help", "sources", "pull"]])
def test_help_of_a_command(place: Place, arguments: list[str]) -> None:
    answer = place.run(*arguments)
    assert answer.code == 0
    words = [word for word in arguments if word not in ("help", "-h")]
    assert answer.out.startswith(f"Usage: cohorts {' '.join(words)} ")


def test_values_have_words_for_names(place: Place) -> None:
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
    assert re.findall(r"`--[\w-]+ (?:TEXT|INTEGER|FLOAT|PATH)`", page) == []


@pytest.mark.parametrize(
    ("word", "ours"),
    [("apply", "sync"), ("diff", "plan"), ("ls", "list"), ("lint", "validate"), ("undo", "rollback")],
)
def test_the_words_of_other_tools(place: Place, word: str, ours: str) -> None:
    answer = place.run(word)
    assert answer.code == 64
    assert f"There is no command '{word}'; `cohorts {ours}` does that." in answer.err


def test_every_word_of_another_tool_leads_to_a_command() -> None:
    known = {name for names in commands.GROUPS.values() for name in names}
    assert set(commands.OTHER_NAMES.values()) <= known
    assert known.isdisjoint(commands.OTHER_NAMES)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sync", "--dry-run"], "`cohorts plan` shows what a sync would do, and sends nothing."),
        (["sync", "--auto-approve"], "`--yes` does not ask."),
        (["plan", "--json"], "Write `--output json`."),
        (["plan", "--jsonx"], "`cohorts --help` and `cohorts COMMAND --help` say what there is."),
        (["delete"], "`cohorts --help` and `cohorts COMMAND --help` say what there is."),
        (["vlidate"], "Did you mean 'validate'?"),
    ],
)
def test_options_of_other_tools(place: Place, arguments: list[str], told: str) -> None:
    answer = place.run(*arguments)
    assert answer.code == 64
    assert told in answer.err


def test_short_options(inside: Place) -> None:
    answer = inside.run("status", "-t", "sandbox", "-o", "json")
    assert json.loads(answer.out)["target"] == "sandbox"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(place: Place, shell: str) -> None:
    words = {"bash": ("cohorts va", "1"), "zsh": ("cohorts va", ""), "fish": ("cohorts va", "va")}[shell]
    around = {
        "_COHORTS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words[0],
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": words[0],
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    ended = subprocess.run([COHORTS], env=around, capture_output=True, text=True, cwd=place.folder, check=False)
    assert "validate" in ended.stdout


@pytest.mark.parametrize("folder", ["cohorts", "cohorts/growth"])
def test_the_project_is_found_in_parent_folders(inside: Place, folder: str) -> None:
    answer = at(inside, folder).run("list", "-o", "json")
    assert [each["id"] for each in json.loads(answer.out)["cohorts"]] == ["lapsed", "vips"]


def test_the_search_ends_at_the_top_of_the_repository(inside: Place) -> None:
    (inside.folder / "other" / ".git").mkdir(parents=True)
    assert at(inside, "other").run("list").code == 3


def test_the_search_ends_at_the_top_of_a_worktree(inside: Place) -> None:
    (inside.folder / "other").mkdir()
    (inside.folder / "other" / ".git").write_text("gitdir: elsewhere\n")
    assert at(inside, "other").run("list").code == 3


def test_a_new_repository_is_made_where_it_is_typed(inside: Place) -> None:
    runner = "acme/cohort-runner@0123456789abcdef0123456789abcdef01234567"
    assert at(inside, "cohorts/growth").run("init", "made", "--runner", runner).code == 0
    assert (inside.folder / "cohorts" / "growth" / "made" / "cohorts" / "project.yml").is_file()


def test_paths_are_meant_where_they_are_typed(inside: Place) -> None:
    deep = at(inside, "cohorts/growth")
    answer = deep.run("fmt", "--check", "lapsed.yml")
    assert "of 1 files would change." in answer.out
    assert at(inside, "cohorts").run("list", "growth").out.splitlines()[1:] != []


def test_a_saved_plan_lies_where_it_was_asked_for(inside: Place) -> None:
    deep = at(inside, "cohorts/growth")
    deep.run("plan", "--out", "plan.json")
    assert (inside.folder / "cohorts" / "growth" / "plan.json").is_file()


def test_another_folder(inside: Place) -> None:
    away = Place(inside.folder.parent, inside.url)
    answer = away.run("-C", inside.folder.name, "list")
    assert "vips" in answer.out
    missing = away.run("-C", "nowhere", "list")
    assert (missing.code, missing.err) == (64, "P132 there is no folder nowhere; correct the folder after `-C`\n")


def test_paths_are_meant_in_another_folder(inside: Place) -> None:
    away = Place(inside.folder.parent, inside.url)
    answer = away.run("-C", f"{inside.folder.name}/cohorts", "list", "growth")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["ID", "lapsed"]


def test_a_selection_by_path_is_no_path_itself(inside: Place) -> None:
    answer = inside.run("list", "path:cohorts/growth")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["ID", "lapsed"]


def test_a_list_tells_what_there_is(inside: Place) -> None:
    answer = inside.run("list", TD_API_KEY="")
    assert answer.out.splitlines() == [
        "ID      NAME    OWNER     KIND  SCHEDULE   FILE",
        "lapsed  Lapsed  crm-team  sql   -          cohorts/growth/lapsed.yml",
        "vips    Vips    growth    sql   5 0 * * *  cohorts/vips.yml",
    ]
    [lapsed, vips] = json.loads(inside.run("list", "-o", "json").out)["cohorts"]
    assert (lapsed["schedule"], vips["tags"], vips["kind"]) == (None, ["email"], "sql")


def test_a_list_with_a_bad_file(inside: Place) -> None:
    (inside.folder / "cohorts" / "bad.yml").write_text("id: bad\n")
    answer = inside.run("list")
    assert answer.code == 3
    assert "vips" in answer.out
    assert "cohorts/bad.yml:1:1" in answer.err
    assert inside.run("list", "vips").code == 0


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["vips"], ["vips"]),
        (["cohorts/growth"], ["lapsed"]),
        (["cohorts/growth/lapsed.yml"], ["lapsed"]),
        (["-s", "path:growth"], ["lapsed"]),
        (["tag:email"], ["vips"]),
        (["--exclude", "vips"], ["lapsed"]),
        (["vips", "-s", "lapsed"], ["lapsed", "vips"]),
    ],
)
@pytest.mark.parametrize(
    "command", ["list", "test", "render", "describe", "plan", "status", "validate", "fmt", "drift"]
)
def test_every_command_takes_the_same_words(inside: Place, command: str, arguments: list[str], ids: list[str]) -> None:
    answer = inside.run(command, *arguments)
    assert answer.code == 0, answer.err
    for name in ("vips", "lapsed"):
        if command not in ("validate", "fmt"):
            assert (name in answer.out) is (name in ids)


def test_history_takes_the_same_words(inside: Place) -> None:
    assert inside.run("sync").code == 0
    assert "lapsed" not in inside.run("history", "vips").out
    assert "vips" not in inside.run("history", "cohorts/growth").out
    assert "P106 no cohort matches this selection" in inside.run("history", "nobody").err


def test_history_of_what_a_cohort_uses(inside: Place) -> None:
    extra = "sources: {people: {table: shop.customers, key: customer_id, columns: {country: text}}}\n"
    inside.project(extra=extra)
    file = inside.folder / "cohorts" / "project.yml"
    prefixed = file.read_text("utf-8").replace("    workspace:", "    prefix: eu_\n    workspace:")
    file.write_text(prefixed, "utf-8")
    user = "id: user\nname: User\naudience: {from: people, where: {cohort: vips}}\n"
    (inside.folder / "cohorts" / "user.yml").write_text(user)
    answer = inside.run("sync")
    assert answer.code == 0, answer.err
    assert "vips" not in inside.run("history", "eu_user").out
    assert "vips" in inside.run("history", "+eu_user").out
    assert "user" in inside.run("history", "eu_vips+").out
    assert "lapsed" not in inside.run("history", "eu_vips+").out


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("+third", ["first", "second", "third"]),
        ("first+", ["first", "second", "third"]),
        ("+second", ["first", "second"]),
        ("second+", ["second", "third"]),
        ("+tag:email", ["first", "second"]),
        ("first+ --exclude second+", ["first"]),
    ],
)
def test_what_a_cohort_uses_and_what_uses_it_are_taken_to_the_end(place: Place, words: str, ids: list[str]) -> None:
    place.project(extra="sources: {people: {table: shop.customers, key: customer_id, columns: {}}}\n")
    place.cohort("apart", VIPS)
    place.cohort("first", VIPS)
    for name, used in (("second", "first"), ("third", "second")):
        text = f"id: {name}\nname: {name}\naudience: {{from: people, where: {{cohort: {used}}}}}\n"
        (place.folder / "cohorts" / f"{name}.yml").write_text(text)
    with (place.folder / "cohorts" / "second.yml").open("a") as file:
        file.write("tags: [email]\n")
    answer = place.run("list", *words.split(), "-o", "json")
    assert [each["id"] for each in json.loads(answer.out)["cohorts"]] == ids


def snapshot(place: Place, cohort: str) -> str:
    """The table with the members of a cohort that was synced once."""
    [[table]] = place.sql(
        "SELECT detail::JSON ->> '$.table' FROM cohort_runner.cohort_ledger"
        f" WHERE event = 'synced' AND cohort_id = '{cohort}'"
    )
    return str(table)


def test_drift_of_selected_cohorts_tells_of_no_other(inside: Place) -> None:
    assert inside.run("sync").code == 0
    inside.sql("DROP TABLE cohort_runner." + snapshot(inside, "lapsed"))
    assert "lapsed" in inside.run("drift").out
    assert inside.run("drift", "vips", "--detailed-exitcode").code == 0
    assert inside.run("drift", "lapsed", "--detailed-exitcode").code == 2


def test_drift_without_a_selection_tells_what_is_of_no_cohort(inside: Place) -> None:
    assert inside.run("sync").code == 0
    assert inside.run("sync", "--refresh").code == 0
    inside.sql("DELETE FROM cohort_runner.cohort_ledger WHERE event = 'lease' AND epoch = 2")
    told = inside.run("drift", "--detailed-exitcode")
    assert (told.code, "L016" in told.out) == (2, True)
    told = inside.run("drift", "vips", "--detailed-exitcode")
    assert (told.code, "L016" in told.out) == (0, False)


def test_drift_tells_of_a_selected_cohort_without_a_file(inside: Place) -> None:
    assert inside.run("sync").code == 0
    inside.sql("DROP TABLE cohort_runner." + snapshot(inside, "lapsed"))
    (inside.folder / "cohorts" / "growth" / "lapsed.yml").unlink()
    # it is not withdrawn, since a file cannot be read that may be its own
    (inside.folder / "cohorts" / "bad.yml").write_text("id: bad\n")
    assert "L013 the snapshot" in inside.run("drift", "vips", "lapsed").out
    assert "L013" not in inside.run("drift", "vips").out


def test_drift_of_a_word_that_means_nothing_is_no_finding(inside: Place) -> None:
    refused = inside.run("drift", "vpis")
    assert (refused.code, refused.out, refused.err.split(" ")[0]) == (64, "", "P106")


def test_a_bad_file_is_told_only_where_it_is_selected(inside: Place) -> None:
    (inside.folder / "cohorts" / "bad.yml").write_text("id: bad\n")
    assert inside.run("validate", "vips").code == 0
    assert inside.run("validate", "cohorts/bad.yml").code == 3
    assert inside.run("render", "vips").code == 0
    assert inside.run("describe", "bad").code == 3


def test_a_folder_after_select_is_told_how_to_write(inside: Place) -> None:
    answer = inside.run("plan", "-s", "cohorts/growth")
    assert (answer.code, answer.err) == (64, "P106 no cohort matches this selection; write path:cohorts/growth\n")
    answer = inside.run("validate", "cohorts/vpis.yml")
    assert (
        answer.err
        == "P106 no cohort matches this selection; perhaps you meant cohorts/vips.yml or cohorts/growth/lapsed.yml\n"
    )


def test_stale_cohorts(inside: Place) -> None:
    inside.cohort("daily", VIPS, extra="max_age: 24h\n")
    assert inside.run("sync").code == 0
    assert "daily" not in inside.run("status", "state:stale").out
    inside.advance(hours=30)
    answer = inside.run("status", "state:stale")
    assert "daily" in answer.out
    assert "vips" not in answer.out
    told = inside.run("plan", "--offline", "-s", "state:stale").err
    assert told.startswith("P114 a plan without Treasure Data does not know which cohorts are stale")


def test_the_only_target_needs_no_name(inside: Place) -> None:
    file = inside.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text("utf-8").replace("  sandbox:\n", "  acme:\n"), encoding="utf-8")
    assert "L006 target acme:" in inside.run("plan").err


def test_a_quiet_sync(inside: Place) -> None:
    inside.cohort("bad", "SELECT customer_id FROM nowhere")
    answer = inside.run("sync", "-q")
    lines = answer.out.splitlines()
    assert (lines[0][:7], len(lines)) == ("  ✗ bad", 2)
    assert lines[1].startswith("2 of 3 cohorts synced")
    assert "querying" not in answer.err
    assert inside.run("sync", "--quiet", "vips", "--refresh").out.startswith("1 of 1 cohort synced")


def test_the_help_breaks_no_command(place: Place) -> None:
    commands = [line.count("`") for line in place.run("--help").out.splitlines()]
    assert sum(commands) >= 4
    assert [each for each in commands if each % 2] == []
