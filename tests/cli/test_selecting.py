"""Selecting some cohorts leaves all others as they are."""

from __future__ import annotations

from tests.place import Place

VIPS = "SELECT customer_id FROM customers"


def test_a_selection_touches_nothing_else(place: Place) -> None:
    place.cohort("email_a", VIPS, extra="tags: [email]\n")
    place.cohort("email_b", VIPS, extra="tags: [email]\n")
    place.cohort("push", VIPS)
    answer = place.run("sync", "--select", "tag:email", "--exclude", "email_b")
    assert answer.code == 0
    assert "1 of 1 cohort synced, 0 unchanged, 2 not selected" in answer.out
    assert sorted(place.cohorts()) == ["email_a"]
    place.run("sync")
    (place.folder / "cohorts" / "push.yml").unlink()
    assert "withdraw" not in place.run("plan", "-s", "email_*").out
    assert place.run("sync", "--refresh", "-s", "tag:email").code == 0
    assert place.members("push") == {"ann", "bob", "eve"}
    assert "1 to withdraw, 0 unchanged, 2 not selected." in place.run("plan", "-s", "state:removed").out
    assert place.run("sync", "-s", "push").code == 0
    assert place.members("push") == set()


def test_selecting_in_slices_does_not_dodge_the_limit_on_withdrawals(place: Place) -> None:
    for name in ("a", "b", "c"):
        place.cohort(name, VIPS)
    place.run("sync")
    for name in ("a", "b"):
        (place.folder / "cohorts" / f"{name}.yml").unlink()
    answer = place.run("sync", "--select", "a")
    assert answer.code == 6
    assert place.members("a") == {"ann", "bob", "eve"}


def test_a_selection_that_means_nothing(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("plan", "--select", "vipps")
    assert (answer.code, answer.err) == (64, "P106 no cohort matches this selection; perhaps you meant vips\n")
    assert place.run("plan", "--select", "state:failed").code == 0
