"""A snapshot that somebody deleted: its cohort fails by itself, in a sentence that names the ways out."""

from __future__ import annotations

import pytest
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
FEW = f"{ALL} WHERE customer_id = 'ann'"


def lose(place: Place, event: str, cohort: str = "vips", *, before: int = 0) -> str:
    """Delete the snapshot that the last such row of a cohort names, or one `before` it."""
    rows = place.sql(
        "SELECT detail::JSON ->> '$.table' FROM cohort_runner.cohort_ledger"
        f" WHERE event = '{event}' AND cohort_id = '{cohort}' ORDER BY epoch DESC, sequence DESC"
    )
    place.sql(f"DROP TABLE cohort_runner.{rows[before][0]}")
    return str(rows[before][0])


def test_one_cohort_fails_and_names_the_ways_out(place: Place) -> None:
    place.cohort("vips", ALL, extra="braze_id: VIPs\n")
    place.cohort("fans", ALL)
    place.run("sync")
    table = lose(place, "synced", "VIPs")
    for cohort, more in (("vips", "braze_id: VIPs\n"), ("fans", "")):
        place.cohort(cohort, FEW, extra=f"{more}guards: {{max_removed: 100%}}\n")
    answer = place.run("sync")
    assert answer.code == 7
    assert (
        f"  ✗ vips  L013 vips: the snapshot {table} is gone, so it is not known who is in Braze; "
        'bring the table back, or forget the cohort: `cohorts abandon VIPs --reason "…"`, '
        "then `cohorts adopt vips --members-from DB.TABLE`; without such a table, let a sync create it anew\n"
    ) in answer.out
    assert place.members("fans") == {"ann"}
    assert place.members("VIPs") == {"ann", "bob", "eve"}
    assert "L013" in place.run("history", "VIPs").out

    place.sql("CREATE TABLE shop.before AS SELECT customer_id FROM shop.customers")
    assert place.run("abandon", "VIPs", "--reason", "deleted").code == 0
    assert place.run("adopt", "vips", "--members-from", "shop.before").code == 0
    assert place.run("sync").code == 0
    assert place.members("VIPs") == {"ann"}


@pytest.mark.parametrize("again", [True, False])
def test_a_pending_snapshot_is_needed_too(place: Place, again: bool) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.cohort("vips", FEW, extra="guards: {max_removed: 100%}\n")
    place.fault("export", "fail", match="vips")
    assert place.run("sync").code == 1
    lose(place, "sending")
    if not again:
        (place.folder / "cohorts" / "vips.yml").unlink()
        place.cohort("fans", "SELECT customer_id FROM purchases")
    answer = place.run("sync")
    assert answer.code == (1 if again else 7)
    assert "✗ vips  L013 vips: the snapshot" in answer.out
    assert ("`cohorts adopt vips" if again else ", and delete it in Braze\n") in answer.out


def test_a_rollback_to_what_is_gone(place: Place) -> None:
    place.cohort("vips", FEW)
    place.run("sync")
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    table = lose(place, "synced", before=1)
    answer = place.run("rollback", "vips", "--reason", "oops")
    assert answer.code == 1
    assert f"L013 vips: the snapshot {table}, which was to come back, is gone; mend the definition" in answer.out
    assert place.members("vips") == {"ann", "bob", "eve"}
