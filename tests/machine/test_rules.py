"""The rules that `tests.machine.rules` takes out are still in the source, in the words that it looks for."""

from __future__ import annotations

import pytest
from tests.machine.rules import ROOT, RULES, Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_taken_out(rule: Rule) -> None:
    text = (ROOT / "runner" / rule.file).read_text("utf-8")
    assert text.count(rule.words) == 1
    assert rule.instead != rule.words
