"""Selections: what each word means, and what is said of those that mean nothing."""

from __future__ import annotations

import pytest
from runner.definitions.cohort import Cohort, Mode
from runner.files import documents
from runner.files.documents import Document
from runner.identifiers import Handle, Identifier, Kind
from runner.plan.ledger import Deployed, Destination
from runner.plan.plan import Action, Change, Plan
from runner.plan.selection import BadSelection, choose, read
from runner.project.file import Guards
from runner.sql.query import Query


def change(name: str, path: str, action: Action, *, owner: str = "crm", tags: tuple[str, ...] = ()) -> Change:
    where = Destination("shop", name)
    if action is Action.WITHDRAW:
        return Change(where, action, (), None, Deployed(where))
    document = documents.parse(f"id: {name}\n".encode(), f"cohorts/{path}")
    assert isinstance(document, Document)
    by = (Identifier(Handle(Kind.EXTERNAL_ID), "id"),)
    cohort = Cohort(name, name, name, "", owner, tags, "SELECT 1", "", {}, by, Mode.MIRROR, Guards(9), document)
    unfinished = ("x",) if action is Action.RETRY else ()
    query = Query(cohort, "shop", name, "", "", {})
    return Change(where, action, (), query, Deployed(where, unfinished=unfinished), cohort=cohort)


PLAN = Plan(
    "sandbox",
    "shop",
    (
        change("birthday", "retention/birthday.yml", Action.NONE, tags=("email", "daily")),
        change("lapsed_30", "retention/lapsed_30.yml", Action.CREATE, tags=("email",)),
        change("lapsed_90", "retention/lapsed_90.yml", Action.UPDATE, owner="growth-team"),
        change("vips", "vips.yml", Action.RETRY, owner="growth-team", tags=("daily",)),
        change("gone", "", Action.WITHDRAW),
    ),
)


@pytest.mark.parametrize(
    ("select", "exclude", "expected"),
    [
        ([], [], "birthday lapsed_30 lapsed_90 vips gone"),
        (["vips"], [], "vips"),
        (["lapsed_*"], [], "lapsed_30 lapsed_90"),
        (["birthday vips"], [], "birthday vips"),
        (["birthday", "vips"], [], "birthday vips"),
        (["tag:email"], [], "birthday lapsed_30"),
        (["tag:email,tag:daily"], [], "birthday"),
        (["tag:daily,owner:growth-*"], [], "vips"),
        (["owner:crm vips"], [], "birthday lapsed_30 vips"),
        (["path:retention"], [], "birthday lapsed_30 lapsed_90"),
        (["path:cohorts/retention/"], ["lapsed_30"], "birthday lapsed_90"),
        (["path:retention/lapsed_*.yml"], [], "lapsed_30 lapsed_90"),
        (["path:vips.yml"], [], "vips"),
        (["state:new"], [], "lapsed_30"),
        (["+vips"], [], "vips"),
        (["state:stale"], [], ""),
        (["state:modified state:removed"], [], "lapsed_90 gone"),
        (["state:failed"], [], "vips"),
        (["state:new,state:failed"], [], ""),
        ([], ["path:retention"], "vips gone"),
        ([], ["tag:daily state:removed"], "lapsed_30 lapsed_90"),
        (["gone"], [], "gone"),
    ],
)
def test_what_is_chosen(select: list[str], exclude: list[str], expected: str) -> None:
    found = choose(PLAN, read(select, exclude))
    assert [each.id for each in found.changes] == expected.split()
    assert found.not_selected == len(PLAN.changes) - len(found.changes)


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("tags:email", "P106 there is no selection by 'tags'; use an id, or tag, owner, path, state"),
        ("state:old", "P106 there is no state 'old'; use one of: new, modified, removed, failed, stale"),
        ("tag:", "P106 the selection 'tag:' lacks a value; write tag:retention, or vip_*"),
        ("vips,", "P106 the selection 'vips,' lacks a value; write tag:retention, or vip_*"),
        ("lapsed_9", "P106 no cohort matches this selection; perhaps you meant lapsed_90"),
        ("lapsed_60", "P106 no cohort matches this selection; perhaps you meant lapsed_90 or lapsed_30"),
        (
            "tag:none",
            "P106 no cohort matches this selection; the ids are: birthday, gone, lapsed_30, lapsed_90, vips",
        ),
    ],
)
def test_what_means_nothing(select: str, message: str) -> None:
    with pytest.raises(BadSelection) as refused:
        choose(PLAN, read([select], []))
    assert str(refused.value) == message
