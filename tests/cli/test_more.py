"""On a terminal, one last line says where more is told about the codes of the messages above it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.place import Place
from tests.repositories import Repository
from tests.screens import opened
from tests.terminal import typed

MISSPELT = "id: misspelt\nname: Misspelt\nmode: mirorr\naudience: {sql: SELECT customer_id FROM customers}\n"
STAR = "id: star\nname: Star\naudience: {sql: SELECT * FROM customers}\n"


def write(place: Place, **files: str) -> None:
    for name, text in files.items():
        (place.folder / "cohorts" / f"{name}.yml").write_text(text)


def last_line(place: Place, *arguments: str, **environment: str) -> str:
    """The last line that a terminal shows."""
    _, screen = typed(place.folder, arguments, (), **environment)
    return screen.splitlines()[-1]


def test_each_code_is_named_once_and_in_order(place: Place) -> None:
    write(place, misspelt=MISSPELT, other=MISSPELT.replace("misspelt", "other"), star=STAR)
    for command, codes in (("validate", "S004, Q005"), ("test", "S004, Q005"), ("list", "S004")):
        code, screen = typed(place.folder, [command], ())
        assert code == 3
        assert screen.splitlines()[-1] == f"More about {codes}: `cohorts explain S004`"
        assert screen.count("More about") == 1


def test_nothing_is_said_where_the_page_tells_no_more(place: Place) -> None:
    write(place, star=STAR.replace("name: Star\n", ""))
    code, screen = typed(place.folder, ["validate"], ())
    assert (code, screen.splitlines()[-1]) == (3, "1 problem in 1 file.")
    assert " S002 " in screen


@pytest.mark.parametrize("arguments", [["validate"], ["validate", "-o", "json"], ["validate", "-o", "github"]])
def test_no_pipe_has_the_line(place: Place, arguments: list[str]) -> None:
    write(place, star=STAR)
    answer = place.run(*arguments)
    assert answer.code == 3
    assert "Q005" in answer.out
    assert "More about" not in answer.out + answer.err


def test_an_answer_that_went_elsewhere_has_no_line(place: Place, tmp_path: Path) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers", extra="guards: {max_members: 1}\n")
    file = tmp_path / "plan.txt"
    session = opened(place, "plan", "--members", width=80, out=file)
    session.end()
    assert "G002" in file.read_text("utf-8")
    assert "More about" not in session.written


def test_json_on_a_terminal_has_no_line(place: Place) -> None:
    write(place, star=STAR)
    for command in ("validate", "render", "list"):
        assert "More about" not in typed(place.folder, [command, "-o", "json"], ())[1]


def test_a_failure_of_the_whole_command(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    assert last_line(place, "plan", "-t", "nobody").startswith("P102 ")  # the page says the same
    assert last_line(place, "plan", TD_API_KEY="") == "More about R001: `cohorts explain R001`"
    assert "More about" not in typed(place.folder, ["plan", "-o", "json"], (), TD_API_KEY="")[1]


def test_what_a_guard_refuses(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers", extra="guards: {max_members: 1}\n")
    assert last_line(place, "plan", "--members") == "More about G002: `cohorts explain G002`"
    assert last_line(place, "sync") == "More about G002: `cohorts explain G002`"


def test_what_a_plan_stops_or_cannot_count(place: Place) -> None:
    for name in ("a", "b", "c"):
        place.cohort(name, "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    for name in ("a", "b"):
        (place.folder / "cohorts" / f"{name}.yml").unlink()
    assert last_line(place, "plan") == "More about G005: `cohorts explain G005`"
    assert last_line(place, "sync") == "More about G005: `cohorts explain G005`"
    place.cohort("d", "SELECT customer_id FROM nowhere")
    assert last_line(place, "plan", "-s", "d", "--members") == "More about R020, G005: `cohorts explain R020`"


def test_what_a_review_stops_or_cannot_count(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers WHERE spend > 5")
    Repository.begun(place.folder).commit()
    assert place.run("sync").code == 0
    review = ("review", "--base", "HEAD", "--target", "sandbox", "--members")
    place.cohort("vips", "SELECT customer_id FROM customers", extra="guards: {max_members: 1}\n")
    assert last_line(place, *review) == "More about G002: `cohorts explain G002`"
    assert last_line(place, *review, TD_API_KEY="") == "More about R001: `cohorts explain R001`"


def test_a_question_whether_a_cohort_is_another(place: Place) -> None:
    sql = "SELECT customer_id FROM customers"
    place.cohort("vips", sql)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("very_important", sql, name="Vips")
    assert last_line(place, "plan") == "More about G010: `cohorts explain G010`"
