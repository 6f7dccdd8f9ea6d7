"""What a message advises who wrote a name that is not known."""

from __future__ import annotations

from runner.files.suggestions import suggestion


def test_the_closest_name_is_offered() -> None:
    assert suggestion("custmer", ["orders", "customer"], "add it") == "perhaps you meant customer"


def test_without_a_close_name_there_is_other_advice() -> None:
    assert suggestion("zebra", ["orders", "customer"], "add it") == "add it"
    assert suggestion("zebra", [], "add it") == "add it"


def test_how_alike_names_must_be_can_be_said() -> None:
    assert suggestion("orders_eu", ["orders"], "add it") == "perhaps you meant orders"
    assert suggestion("orders_eu", ["orders"], "add it", similar=0.9) == "add it"
