"""An old tree never wins: what syncs must come after the commit that was synced last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.environment import repository
from runner.environment.repository import Order
from runner.errors import Stale
from runner.plan.ledger import Ledger
from runner.project.file import Target

ALLOW = 'to sync all the same: `--allow rollback --reason "…"`'


@dataclass(frozen=True, slots=True)
class OldTree:
    """The check of one repository against the ledger of one target; it refuses nothing
    where `is_allowed`.
    """

    root: Path
    target: Target
    is_allowed: bool

    def refuse(self, ledger: Ledger) -> None:
        """Raises Stale: L008 for a tree that does not come after the commit that was
        synced last, L009 where that commit is not in this clone.
        """
        if self.is_allowed or not ledger.commit:
            return
        last = ledger.commit[:12]
        order = repository.order(self.root, ledger.commit)
        if order is Order.NOT_AFTER:
            raise Stale(
                "L008",
                (
                    f"target {self.target.name}: your files are not newer than commit"
                    f" {last}, which was synced last"
                ),
                f"sync the newest commit of your main branch; {ALLOW}",
            )
        if order is Order.UNKNOWN:
            raise Stale(
                "L009",
                (
                    f"target {self.target.name}: this clone does not have commit {last},"
                    " which was synced last"
                ),
                f"{self._cure()}; {ALLOW}",
            )

    def _cure(self) -> str:
        if repository.is_shallow(self.root):
            return (
                "this clone is shallow: fetch the whole history"
                " (`fetch-depth: 0` in actions/checkout)"
            )
        return "fetch it, or go to the repository that it belongs to"
