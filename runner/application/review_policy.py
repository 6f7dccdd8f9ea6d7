"""The project's `review`: what the merged pull requests showed, beside what a sync is
about to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from runner.application.merged_reviews import Reviews, Since
from runner.errors import CohortsError, Position, Problem, Stale
from runner.plan import reviewed
from runner.plan.ledger import Ledger
from runner.plan.plan import Plan
from runner.project.file import Project
from runner.sql.wanted import Wanted

POLICY = "review"
"""The name of the setting itself, as a changed setting is named."""

SHOWN = 20
"""Cohorts and settings that are told one by one."""

CURE = (
    "check it with `cohorts plan`; if it is right, sync that plan with"
    " `--plan FILE`, or allow it once with `--allow unreviewed --reason"
    ' "…"`'
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody must have reviewed: where it stands, its name, and what is to become of it."""

    at: Position
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """The claims that no review showed so, and why that is said of them."""

    claims: tuple[Claim, ...]
    why: str

    @property
    def names(self) -> tuple[str, ...]:
        """Cohorts and settings, as a person knows them."""
        return tuple(claim.name for claim in self.claims)


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """Warns of what nobody reviewed, or refuses it, as the project's `review` says."""

    project: Project
    wanted: Wanted
    reviews: Reviews

    def approved(self, plan: Plan, ledger: Ledger) -> Plan:
        """The plan, with a warning for each thing that was not reviewed. Raises Stale
        L021 where the policy is `require`, and what GitHub's API raises.
        """
        if self.wanted.target.is_sandbox or not plan.due:
            return plan
        last = ledger.settled
        policy = self._policy(last)
        can_ask = self.reviews.can_ask
        if policy == "off" or (policy == "warn" and not can_ask):
            return plan
        claims = self._claims(plan, last)
        if not claims:
            return plan
        try:
            found = self._unreviewed(claims, last)
        except CohortsError as exc:
            if policy == "require":
                raise
            at = self.project.document.at()
            return _warned(plan, [_warning(at, exc.what, exc.fix)])
        return self._judged(plan, found, policy)

    def _policy(self, last: str) -> str:
        """A `require` of the commit that was looked at last holds until a change of it
        was reviewed; else anybody could merge a change of the policy, and after it all else.
        """
        if "require" in (self.project.review, self.reviews.policy(last)):
            return "require"
        return self.project.review

    def _claims(self, plan: Plan, last: str) -> dict[str, Claim]:
        """What must have been reviewed, by mark."""
        since = self.reviews.since(last, self.project, self.wanted)
        settings = _of_settings(since, self.wanted, self.project.document.path)
        return {**_of_changes(plan, since), **settings}

    def _unreviewed(self, claims: Mapping[str, Claim], last: str) -> Unreviewed:
        if not self.reviews.can_ask:
            why = "outside GitHub Actions there is no review to compare with"
            return Unreviewed(tuple(claims.values()), why)
        unseen = self.reviews.unseen(claims, last)
        found = [claim for mark, claim in claims.items() if mark in unseen]
        why = "no merged pull request's comment listed this change"
        return Unreviewed(tuple(found), why)

    def _judged(self, plan: Plan, found: Unreviewed, policy: str) -> Plan:
        if POLICY not in found.names:
            # a change of the policy was reviewed, or there is none: it says what holds now
            policy = self.project.review
        if policy == "require" and found.claims:
            names = ", ".join(found.names[:SHOWN])
            if len(found.names) > SHOWN:
                names += ", …"
            raise Stale("L021", f"not reviewed: {names}: {found.why}", CURE)
        if policy != "warn":
            return plan
        fix = (
            "check it; with `review: require` in the project file it would not"
            " be synced"
        )
        warnings = [
            _warning(claim.at, f"{claim.what}, and {found.why}", fix)
            for claim in found.claims
        ]
        return _warned(plan, warnings)


def _of_changes(plan: Plan, since: Since) -> dict[str, Claim]:
    claims = {}
    for change in reviewed.decided(plan, since.known):
        at = Position(change.id)
        if change.cohort:
            at = change.cohort.document.at()
        what = f"{change.id}: to {change.action} now"
        claims[reviewed.item(change).mark] = Claim(at, change.id, what)
    return claims


def _of_settings(since: Since, asked: Wanted, path: str) -> dict[str, Claim]:
    """The claims of changed settings; `path` is the project file's."""
    documents = {query.cohort.id: query.cohort.document for query in asked.queries}
    claims = {}
    for setting in since.settings:
        at = Position(path)
        if setting.cohort:
            at = documents[setting.cohort].at(*setting.name.split("."))
        claim = Claim(at, setting.title, str(setting))
        claims[reviewed.mark_of(setting)] = claim
    return claims


def _warned(plan: Plan, warnings: Iterable[Problem]) -> Plan:
    return replace(plan, warnings=tuple(sorted({*plan.warnings, *warnings})))


def _warning(at: Position, what: str, fix: str) -> Problem:
    return Problem(at, "L021", what, fix)
