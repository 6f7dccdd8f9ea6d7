"""A cohort's end, its suspension, and its move to another id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.place import Place

ALL = "SELECT customer_id FROM customers WHERE spend >= 100"


def day(days: int) -> str:
    """A day from today on."""
    return str(datetime.now(UTC).date() + timedelta(days=days))


def test_an_expired_cohort_is_emptied(place: Place) -> None:
    place.cohort("vips", ALL, extra=f"expires: {day(0)}\n")  # its last day
    place.cohort("other", "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}
    place.cohort("vips", ALL, extra=f"expires: {day(-1)}\n")
    shown = place.run("plan").out
    assert f"- vips  withdraw  Vips (expired on {day(-1)})" in shown
    assert "W002 vips expired" in shown
    assert place.run("sync").code == 0
    assert place.members("vips") == set()
    assert "Nothing to do" in place.run("sync").out
    assert f"expired on {day(-1)}" in place.run("status").out
    place.cohort("vips", ALL, extra=f"expires: {day(1)}\n")  # brought back
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}


@pytest.mark.parametrize(
    ("extra", "warning"),
    [
        ("expires: {14}", "W001 vips expires after {14}, in 14 days: everybody is taken out then"),
        ("expires: {1}", "W001 vips expires after {1}, tomorrow"),
        ("expires: {0}", "W001 vips expires after {0}, today"),
        ("expires: {15}", ""),
        ("suspend: {{reason: x, until: {7}}}", "W003 vips: the suspension ends after {7}, in 7 days"),
        ("suspend: {{reason: x, until: {8}}}", ""),
        ("suspend: {{reason: x, until: {-1}}}", "W004 vips: the suspension ended on {-1}"),
    ],
)
def test_what_comes_soon_is_said(place: Place, extra: str, warning: str) -> None:
    def dated(text: str) -> str:
        for number in range(-1, 16):
            text = text.replace(f"{{{number}}}", day(number))
        return text

    place.cohort("vips", ALL, extra=dated(extra).replace("{{", "{").replace("}}", "}") + "\n")
    for command in (["validate"], ["plan"]):
        answer = place.run(*command)
        assert answer.code == 0, answer.err
        assert ("warning:" in answer.out) is bool(warning)
        assert dated(warning) in answer.out


def test_a_suspended_cohort_stays_as_it_is(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.cohort("vips", f"{ALL} AND customer_id <> 'ann'", extra=f"suspend: {{reason: moving, until: {day(20)}}}\n")
    place.cohort("newcomer", f"{ALL} AND 1 = 1", extra=f"suspend: {{reason: moving, until: {day(20)}}}\n")
    assert f"= vips      suspended  Vips (suspended until {day(20)}: moving)" in place.run("plan", "--refresh").out
    answer = place.run("sync", "--refresh")
    assert (answer.code, "Nothing to do" in answer.out, "2 suspended" in answer.out) == (0, True, True)
    assert place.members("vips") == {"ann", "bob", "eve"}
    assert "newcomer" not in place.cohorts()
    place.cohort("vips", f"{ALL} AND customer_id <> 'ann'", extra=f"suspend: {{reason: moving, until: {day(-1)}}}\n")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob", "eve"}


def test_expiry_beats_suspension(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.cohort("vips", ALL, extra=f"expires: {day(-1)}\nsuspend: {{reason: x, until: {day(9)}}}\n")
    place.run("sync")
    assert place.members("vips") == set()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("expires: 2027-02-30", 'vips.yml:6:10 D020 there is no day "2027-02-30"; write a date of the calendar'),
        ("expires: tomorrow", "vips.yml:6:10 S00"),
        ("suspend: {reason: x}", "vips.yml:6:10 S002 `until` is missing in `suspend`"),
        ("suspend: {until: 2030-01-01}", "`reason` is missing in `suspend`"),
        ("suspend: {reason: x, until: 2030-02-31}", "D020"),
        (
            f"suspend: {{reason: x, until: {day(91)}}}",
            "vips.yml:6:29 D021 the suspension ends in 91 days, and at most 90 are allowed",
        ),
    ],
)
def test_a_bad_life_is_an_error_with_its_place(place: Place, extra: str, said: str) -> None:
    place.cohort("vips", ALL, extra=f"{extra}\n")
    answer = place.run("validate")
    assert answer.code == 3
    assert said in answer.out


def test_a_cohort_is_moved_to_another_id(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra="previous_id: vips\n")
    shown = place.run("plan").out
    assert "moved here from vips" in shown
    assert "moved to best" in shown
    place.fault("export", "fail", match="best")
    answer = place.run("sync")
    assert answer.code == 1
    assert "R042 vips: not emptied, since best, to which it is moved, was not synced" in answer.out
    assert place.members("vips") == {"ann", "bob", "eve"}  # nobody is left without a cohort
    assert place.run("sync").code == 0
    assert (place.members("vips"), place.members("best")) == (set(), {"ann", "bob", "eve"})


def test_a_previous_id_that_is_still_there(place: Place) -> None:
    place.cohort("vips", ALL)
    place.cohort("best", "SELECT customer_id FROM purchases", extra="previous_id: vips\n")
    assert (
        'best.yml:6:14 D022 the previous id "vips" belongs to a cohort that still has a file'
        in place.run("validate").out
    )


def test_a_delete_and_a_create_that_look_alike_are_a_question(place: Place) -> None:
    sql = "SELECT customer_id FROM customers WHERE spend >= {} AND customer_id <> '' AND customer_id IS NOT NULL"
    place.cohort("vips", sql.format(100))
    place.run("sync")
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", sql.format(90))
    place.cohort("unlike", "SELECT customer_id FROM purchases")
    shown = place.run("plan")
    assert shown.code == 6
    assert "best.yml:1:5 G010 the new cohort best has nearly the same SQL as vips, whose file is gone" in shown.out
    answer = place.run("sync")
    assert answer.code == 7
    assert place.members("vips") == {"ann", "bob", "eve"}

    place.cohort("vips", sql.format(100))
    place.cohort("again", sql.format(100))
    path = place.folder / "cohorts" / "again.yml"
    path.write_text(path.read_text("utf-8").replace("id: again", "id: vips"), "utf-8")
    clashing = place.run("plan").out
    assert "best has nearly the same SQL as vips, which no file without problems has now" in clashing
    assert "mend the files with problems first; if so, write `previous_id: vips`" in clashing
    path.unlink()
    (place.folder / "cohorts" / "vips.yml").unlink()
    assert "best" not in place.cohorts()
    answer = place.run("sync", "--allow", "moved:best", "--reason", "another campaign")
    assert answer.code == 0, answer.out
    assert (place.members("vips"), place.members("best")) == (set(), {"ann", "bob", "eve"})
    assert "moved overridden: another campaign" in place.run("history").out


def test_a_withdrawal_is_told_once(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    place.cohort("kept", "SELECT customer_id FROM customers WHERE spend > 1")
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    for members in ([], ["--members"]):
        shown = place.run("plan", *members).out
        assert shown.count("its file is gone") == 1, shown
        assert "1 to withdraw" in shown
