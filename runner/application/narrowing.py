"""A check of some files: apart from the check itself, which needs no selection to start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runner.application import reading
from runner.application.checking import Checked
from runner.plan import selection


def only(checked: Checked, select: Sequence[str], exclude: Sequence[str]) -> Checked:
    """The same without what is said of cohort files that are not selected. Raises
    BadSelection.
    """
    asked = selection.read(select, exclude)
    files = reading.chosen_files(checked.tree, asked)
    return replace(
        checked,
        errors=reading.of_files(checked.errors, checked.tree, files),
        warnings=reading.of_files(checked.warnings, checked.tree, files),
        files=len(files),
        good=sum(each.document.path in files for each in checked.tree.cohorts),
    )
