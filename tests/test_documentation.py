"""What is written down is so: error codes, commands, exit codes, keys of the format."""

from __future__ import annotations

import ast
import json
import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner import codes
from runner.errors import ExitCode
from runner.sandbox.duck import table
from tests.place import COHORTS, Place

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text("utf-8")


def sources() -> Iterator[ast.Module]:
    """Every module of the program, parsed."""
    return (ast.parse(file.read_text("utf-8")) for file in sorted((ROOT / "runner").rglob("*.py")))


def pages() -> list[Path]:
    """Every page of the documentation."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def anchors(page: str) -> set[str]:
    """What a link into a page may name: its headings as GitHub writes them, and anchors of its own."""
    bare = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", bare, re.MULTILINE)
    return {anchor(heading) for heading in headings} | set(re.findall(r'<a id="([^"]+)">', bare))


def anchor(heading: str) -> str:
    """A heading as GitHub makes an anchor of it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def codes_in_source() -> set[str]:
    """Every text of the source that is a code, or a message that begins with one."""
    texts = (node.value for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text[:4] for text in texts if isinstance(text, str) and re.match(r"[A-Z]\d{3}(\s|$)", text)}


def test_every_code_is_explained() -> None:
    assert codes_in_source() - set(codes.known()) == set()


def test_every_explanation_is_of_a_code() -> None:
    assert set(codes.known()) - codes_in_source() == set()


def test_every_code_of_the_page_is_complete_and_in_order() -> None:
    page = (ROOT / "docs" / "codes.md").read_text("utf-8")
    headings = re.findall(r"^###+ *(.*)$", page, re.MULTILINE)
    assert headings == [*codes.known()]  # an entry without a meaning or a cure is not known
    letters = re.findall(r"^## ([A-Z]): ", page, re.MULTILINE)
    assert sorted(headings, key=lambda code: (letters.index(code[0]), code)) == headings


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 120
    apart = ("|", "![", "make ")  # tables, pictures and the two commands cannot be broken
    assert [line for line in lines if len(line) > 100 and not line.startswith(apart)] == []


def test_the_two_commands_are_in_the_readme() -> None:
    assert re.findall(r"^(make \w+)   #", README, re.MULTILINE) == ["make demo", "make test"]


def test_the_cohort_of_the_readme_is_good(place: Place) -> None:
    shutil.copytree(ROOT / "cohorts", place.folder / "cohorts", dirs_exist_ok=True)
    shown = re.search(r"^```yaml\n(id: .*?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown
    (place.folder / "cohorts" / "retention" / "lapsed_buyers.yml").write_text(shown[1], "utf-8")
    assert place.run("validate").out == "8 cohorts checked: no problems.\n"
    tested = place.run("test", "--select", "lapsed_buyers")
    assert tested.out.endswith("1 test of 1 cohort: all passed.\n")


def test_every_command_is_in_the_reference(place: Place) -> None:
    listed = re.findall(r"^  ([a-z]+)  ", place.run("--help").out, re.MULTILINE)
    assert len(listed) > 5
    assert [name for name in listed if f"## `cohorts {name}" not in COMMANDS] == []


def test_every_exit_code_is_in_the_reference() -> None:
    codes_listed = re.findall(r"^\| ([0-9]+) \|", COMMANDS, re.MULTILINE)
    assert [int(code) for code in codes_listed] == sorted(ExitCode)


def test_every_variable_of_the_environment_is_in_the_reference() -> None:
    texts = (node.value for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    read = {text for text in texts if isinstance(text, str) and re.fullmatch(r"(COHORTS|GITHUB|TD)_[A-Z_]+", text)}
    assert len(read) > 15
    assert sorted(name for name in read if f"| `{name}` |" not in COMMANDS) == []


def test_every_key_of_a_cohort_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "authoring.md").read_text("utf-8")
    schema = json.loads((ROOT / "schema" / "cohort.schema.json").read_text("utf-8"))
    assert [key for key in schema["properties"] if f"`{key}" not in guide] == []


def test_the_reference_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "reference.py"))
    assert made["page"]() == (ROOT / "docs" / "format.md").read_text("utf-8"), "run `make reference`"
    assert made["commands_page"]() == COMMANDS, "run `make reference`"
    assert made["cookbook"]() == (ROOT / "docs" / "cookbook.md").read_text("utf-8"), "run `make reference`"


def test_every_recipe_is_good(place: Place) -> None:
    shutil.copytree(ROOT / "docs" / "cookbook" / "cohorts", place.folder / "cohorts", dirs_exist_ok=True)
    assert place.run("validate").out == "20 cohorts checked: no problems.\n"
    assert place.run("fmt", "--check").code == 0
    assert place.run("test").out.endswith("20 tests of 20 cohorts: all passed.\n")


def pictures() -> list[Path]:
    """Every picture of the documentation."""
    return sorted((ROOT / "docs" / "pictures").iterdir())


def test_every_picture_is_made_by_the_script_and_shown_on_a_page() -> None:
    script = (ROOT / "docs" / "pictures.py").read_text("utf-8")
    made = re.search(r"^MADE = (\(.*?^\))", script, re.MULTILINE | re.DOTALL)
    assert made
    names = sorted(ast.literal_eval(made[1]))
    assert [each.name for each in pictures()] == names
    assert [name for name in names if script.count(f'"{name}"') < 2] == []  # listed, and not made
    shown = {
        (page.parent / link).resolve()
        for page in pages()
        for link in re.findall(r"^!\[[^\]]{40,}\]\((\S+)\)$", page.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted(shown) == pictures()  # each with words for those who do not see it


def test_the_pictures_are_small_and_fetch_nothing() -> None:
    assert [each.name for each in pictures() if each.stat().st_size > 200_000] == []
    private = r"url\((?!#)|/home/|/root/|/tmp/|127\.0\.0\.1"
    drawn = [each for each in pictures() if each.suffix == ".svg"]
    assert [each.name for each in drawn if re.search(private, each.read_text("utf-8"))] == []


def test_the_page_of_what_is_the_same_is_current() -> None:
    assert table.page() == (ROOT / "docs" / "same.md").read_text("utf-8"), "run `make reference`"


def test_the_examples_are_good(place: Place) -> None:
    assert COHORTS.exists()
    (place.folder / "cohorts").rename(place.folder / "other")
    (place.folder / "cohorts").symlink_to(ROOT / "cohorts")
    assert place.run("validate").out == "8 cohorts checked: no problems.\n"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, part = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        if link.startswith(("http://", "https://")):
            continue
        if not there.exists() or (part and part not in anchors(there.read_text("utf-8"))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_repository_stands_alone(page: Path) -> None:
    elsewhere = r"/work/|\bshared/|protocol\.md|wire\.md|ecosystem\.md|issues show|wire facts|protocol section"
    assert re.findall(elsewhere, page.read_text("utf-8")) == []


def test_docstrings_cite_headings_that_are_there() -> None:
    cited = re.compile(r"docs/(\w+)\.md, ([A-Z][\w' ]+?)(?=[).;]|\n\n)")
    broken = []
    for file in sorted((ROOT / "runner").rglob("*.py")):
        text = re.sub(r"\s+", " ", file.read_text("utf-8"))
        for name, heading in cited.findall(text):
            if anchor(heading) not in anchors((ROOT / "docs" / f"{name}.md").read_text("utf-8")):
                broken.append(f"{file.name}: docs/{name}.md, {heading}")
        assert not re.search(r"wire facts|protocol section", text), file
    assert broken == []


def test_the_glossary_is_short_and_has_a_sentence_for_each_term() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    terms = [term for term, _ in rows]
    assert len(terms) <= 50
    assert len({term.lower() for term in terms}) == len(terms)
    assert [term for term, meaning in rows if not re.fullmatch(r"[A-Z]\S*( \S+){4,}\.", meaning)] == []
    first = [term for term, meaning in rows if term.partition(" ")[0].lower() not in meaning.lower()]
    assert first == []  # each sentence says what the term is


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = CONTRIBUTING.split("## Recipes")[1].split("\n### ")[1:]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.partition("\n")[0])
def test_a_recipe_names_files_and_places_that_are_there(recipe: str) -> None:
    steps = re.findall(r"^\| `([^`|]+)` \| `([^`|]+)` \| ([^|]+) \|$", recipe, re.MULTILINE)
    assert len(steps) == len(re.findall(r"^\| `", recipe, re.MULTILINE)) >= 4
    missing = [file for file, _, _ in steps if not (ROOT / file).is_file()]
    assert missing == []
    assert [f"{file}: {name}" for file, name, _ in steps if name not in (ROOT / file).read_text("utf-8")] == []


def test_there_are_four_recipes() -> None:
    names = [recipe.partition("\n")[0] for recipe in RECIPES]
    assert names == ["A new test of a rule", "A new guard", "A new error code", "A new command"]


def test_every_room_of_the_house_is_in_contributing() -> None:
    rooms = {file.stem for file in (ROOT / "runner").glob("*.py")} - {"__init__"}
    rooms |= {f"{file.parent.name}/" for file in (ROOT / "runner").glob("*/__init__.py")}
    listed = re.findall(r"^\| (`[^|]+) \|", CONTRIBUTING.split("## The house")[1].split("## Recipes")[0], re.MULTILINE)
    assert {room for row in listed for room in re.findall(r"`([^`]+)`", row)} - {"runner/"} == rooms


def test_every_page_is_reached_from_the_readme() -> None:
    found, left = set(), {ROOT / "README.md"}
    while left:
        page = left.pop()
        found.add(page)
        links = re.findall(r"\]\(([\w./-]+\.md)[#)]", page.read_text("utf-8"))
        left |= {(page.parent / link).resolve() for link in links} - found
    assert [page.name for page in pages() if page not in found] == []


def options(page: str) -> dict[str, set[str]]:
    """The options of every command, as the reference lists them."""
    parts = page.split("\n## `cohorts ")[1:]
    return {part.partition("`")[0]: {*re.findall(r"(?<=[` ,])--?[a-z-]+", part), "--help"} for part in parts}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_one(page: Path) -> None:
    known = options(COMMANDS)
    text = page.read_text("utf-8")
    written = re.findall(r"(?:^|`|\$ )cohorts ([a-z]+(?: [a-z]+)?)([^`\n#]*)", text, re.MULTILINE)
    for words, rest in written:
        name = words if words in known else words.partition(" ")[0]
        if name in {"sources", "github"}:  # two groups of commands, named as a whole
            continue
        assert name in known, f"cohorts {words}"
        wrong = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) - known[name]
        assert wrong == set(), f"cohorts {words}{rest}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_ours_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(
        r"`((?:runner|tests|docs|schema|sql|plan|sync|treasuredata)/[\w/.*-]*)`", page.read_text("utf-8")
    )
    places = (ROOT, ROOT / "runner")
    assert [each for each in named if not any([*place.glob(each.rstrip("/"))] for place in places)] == []
