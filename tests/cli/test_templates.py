"""Shared templates end to end: an edit marks exactly the cohorts whose SQL it changes."""

from __future__ import annotations

import re
from pathlib import Path

from tests.place import Place

COHORT = """\
id: {id}
name: {id}
audience:
  template: spenders.sql
  params: {{least: {least}}}
"""

TEMPLATE = """\
{% from "macros/money.sql" import spent %}
SELECT customer_id FROM customers WHERE {{ spent(least) }}{% if least > 1000 %} OR {{ spent(vip_spend) }}{% endif %}
"""

MACRO = "{% macro spent(least) %}spend >= {{ least }}{% endmacro %}"


def write(place: Place, name: str, text: str) -> None:
    file = place.folder / "cohorts" / "templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def due(place: Place) -> list[str]:
    """Cohorts that a plan would touch."""
    return re.findall(r"^  [+~!] (\w+) ", place.run("plan").out, re.MULTILINE)


def test_an_edit_marks_exactly_what_it_changes(place: Place) -> None:
    write(place, "spenders.sql", TEMPLATE)
    write(place, "macros/money.sql", MACRO)
    for name, least in (("low", 10), ("middle", 300), ("high", 2000)):
        text = COHORT.format(id=name, least=least)
        (place.folder / "cohorts" / f"{name}.yml").write_text(text, encoding="utf-8")
    place.cohort("plain", "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    assert due(place) == []

    write(place, "macros/money.sql", "{# clearer now #}\n" + MACRO.replace("spend >=", "spend   >="))
    assert due(place) == []
    write(place, "macros/money.sql", MACRO.replace("spend >=", "spend >"))
    assert due(place) == ["high", "low", "middle"]
    write(place, "macros/money.sql", MACRO)
    project = place.folder / "cohorts" / "project.yml"
    project.write_text(project.read_text("utf-8").replace("vip_spend: 100", "vip_spend: 101"), "utf-8")
    assert due(place) == ["high"]


def test_a_fault_in_a_shared_file_is_told_once(place: Place) -> None:
    write(place, "spenders.sql", TEMPLATE.replace("customers", "customers ORDER BY 1 --"))
    write(place, "macros/money.sql", MACRO)
    for number in range(30):
        text = COHORT.format(id=f"c{number:02}", least=number)
        (place.folder / "cohorts" / f"c{number:02}.yml").write_text(text, encoding="utf-8")
    answer = place.run("validate")
    assert answer.code == 3
    assert answer.out.splitlines()[0].startswith(
        "cohorts/templates/spenders.sql:2:35 Q006 ORDER BY at the end of the query (used by c00 and 29 more); "
    )
    assert len(answer.out.splitlines()) == 3


def test_a_template_must_not_be_a_link_that_leads_away(place: Place, tmp_path_factory: object) -> None:
    del tmp_path_factory
    secret = Path(place.folder) / "secret.sql"
    secret.write_text("SELECT 1", encoding="utf-8")
    (place.folder / "cohorts" / "templates").mkdir()
    (place.folder / "cohorts" / "templates" / "a.sql").symlink_to(secret)
    place.cohort("plain", "SELECT customer_id FROM customers")
    assert "cohorts/templates/a.sql:1:1 F002" in place.run("validate").out
