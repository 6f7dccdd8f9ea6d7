"""What a run is aimed to cost, and what was measured of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import cold, peers
from benchmarks.cold import Runs
from benchmarks.processes import Used, memory, ratio, seconds
from benchmarks.syncs import Many, One, Run

SMALL = 1_000
LARGE = 10_000
LONG_JOB = 3.0
SHORT_JOB = 0.2
LONG_LEDGER = 5_000_000
SHORT_LEDGER = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was measured; what was not is missing."""

    start_up: Runs = field(default_factory=dict)
    cold: Mapping[int, Runs] = field(default_factory=dict)
    one: Mapping[float, One] = field(default_factory=dict)
    asking: Mapping[str, float] = field(default_factory=dict)
    counted: Mapping[str, Run] = field(default_factory=dict)
    many: Mapping[int, Many] = field(default_factory=dict)
    ledger: Mapping[int, Sequence[Used]] = field(default_factory=dict)

    def took(self, cohorts: int, name: str) -> float:
        """Median seconds of a command on so many cohorts. Raises KeyError."""
        return seconds(self.cold[cohorts][name])

    def beside(self, cohorts: int, ours: str, theirs: str) -> float:
        """How many times as long ours took. Raises KeyError."""
        return ratio(self.cold[cohorts][ours], self.cold[cohorts][theirs])

    def jobs(self, name: str) -> float:
        """Jobs for each cohort. Raises KeyError."""
        return self.counted[name].jobs / self.counted[name].cohorts


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim. `measured` raises KeyError where nothing was measured. `is_least`: more is
    better. `needs`: what would have to be done, where it is known to be missing.
    """

    work: str
    limit: float
    unit: str
    measured: Callable[[Found], float]
    is_least: bool = False
    needs: str = ""

    @property
    def wanted(self) -> str:
        """The aim in words."""
        word = "at least" if self.is_least else "at most"
        return f"{word} {_number(self.limit)} {self.unit}"

    def verdict(self, found: Found) -> Verdict:
        """The aim, and what was measured."""
        try:
            value = self.measured(found)
        except KeyError:
            return Verdict(self, None)
        return Verdict(self, value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An aim with the measured value; None where this run did not measure it."""

    aim: Aim
    value: float | None

    @property
    def word(self) -> str:
        """Met, missed, or not measured."""
        if self.value is None:
            return "not measured"
        if self.aim.is_least:
            return "met" if self.value >= self.aim.limit else "missed"
        return "met" if self.value <= self.aim.limit else "missed"

    @property
    def shown(self) -> str:
        """What was measured, in words."""
        if self.value is None:
            return ""
        return f"{_number(self.value)} {self.aim.unit}"


def megabytes(runs: Sequence[Used]) -> float:
    """The most memory of any, in MB as GitHub counts."""
    return memory(runs) * 1.048576


def _number(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.3g}"
    return f"{value:.2f}"


FAST = "fast parsers for files that are good, and a cache by content"
CACHE = "a cache by content, so that only what changed is read"
WAITS = "a job's end noticed sooner, rows written together, and reads left out"

AIMS: tuple[Aim, ...] = (
    Aim(
        "`status`, a ledger of 5 million rows beside 5,000", 1.2, "times as long",
        lambda found: seconds(found.ledger[LONG_LEDGER]) / seconds(found.ledger[SHORT_LEDGER]),
    ),
    Aim(
        "the same, memory", 120.0, "MB", lambda found: megabytes(found.ledger[LONG_LEDGER]),
    ),
    Aim("`--help`", 0.10, "s", lambda found: seconds(found.start_up[cold.HELP])),
    Aim("`--version`", 0.06, "s", lambda found: seconds(found.start_up[cold.VERSION])),
    Aim(
        "`validate` of 1,000, cold", 1.0, "s",
        lambda found: found.took(SMALL, cold.VALIDATE), needs=FAST,
    ),
    Aim(
        "the same beside check-jsonschema", 0.4, "times as long",
        lambda found: found.beside(SMALL, cold.VALIDATE, peers.CHECK_JSONSCHEMA), needs=FAST,
    ),
    Aim(
        "the same beside octoDNS", 1.0, "times as long",
        lambda found: found.beside(SMALL, cold.VALIDATE, peers.OCTODNS), needs=FAST,
    ),
    Aim(
        "`validate` of 10,000, cold", 7.0, "s",
        lambda found: found.took(LARGE, cold.VALIDATE), needs=FAST,
    ),
    Aim(
        "the same, memory", 200.0, "MB",
        lambda found: megabytes(found.cold[LARGE][cold.VALIDATE]), needs=FAST,
    ),
    Aim(
        "the same, growth from 1,000", 10.5, "times as long",
        lambda found: found.took(LARGE, cold.VALIDATE) / found.took(SMALL, cold.VALIDATE),
    ),
    Aim(
        "`review` of 1,000, one changed, as many tests", 3.0, "s",
        lambda found: found.took(SMALL, cold.REVIEW),
        needs="tests run only for cohorts that the branch can have changed",
    ),
    Aim(
        "`plan --offline` of 10,000, nothing changed", 0.5, "s",
        lambda found: found.took(LARGE, cold.NOTHING), needs=CACHE,
    ),
    Aim(
        "the same beside octoDNS", 25.0, "times as fast",
        lambda found: 1 / found.beside(LARGE, cold.NOTHING, peers.OCTODNS),
        is_least=True, needs=CACHE,
    ),
    Aim(
        "the same beside Terraform", 50.0, "times as fast",
        lambda found: 1 / found.beside(LARGE, cold.NOTHING, peers.TERRAFORM),
        is_least=True, needs=CACHE,
    ),
    Aim(
        "`plan --offline` of 10,000, one changed", 0.8, "s",
        lambda found: found.took(LARGE, cold.ONE), needs=CACHE,
    ),
    Aim(
        "`validate` of one file among 10,000", 0.4, "s",
        lambda found: found.took(LARGE, cold.ONE_FILE), needs=CACHE,
    ),
    Aim(
        "one changed cohort, jobs of 3 s, start to end", 30.0, "s",
        lambda found: found.one[LONG_JOB].wall, needs=WAITS,
    ),
    Aim(
        "one changed cohort, jobs of 0.2 s", 5.0, "s",
        lambda found: found.one[SHORT_JOB].wall, needs=WAITS,
    ),
    Aim(
        "`status`, a job of 3 s", 3.6, "s", lambda found: found.asking["status"], needs=WAITS,
    ),
    Aim("`plan`, a job of 3 s", 3.6, "s", lambda found: found.asking["plan"], needs=WAITS),
    Aim(
        "refresh of 100 cohorts, nothing changed", 1.5, "jobs a cohort",
        lambda found: found.jobs("refresh"),
    ),
    Aim(
        "50 changed cohorts with one identifier", 3.0, "jobs a cohort",
        lambda found: found.jobs("changed"),
        needs="rows and counts of many cohorts in fewer jobs",
    ),
    Aim(
        "sync of 200 changed cohorts, jobs of 3 s, 16 at once, beside the ideal schedule",
        1.15, "times as long", lambda found: found.many[200].wall / found.many[200].ideal,
        needs=WAITS,
    ),
    Aim(
        "the same, the command's processor time", 20.0, "ms a cohort",
        lambda found: found.many[200].cpu,
    ),
)  # fmt: skip


def verdicts(found: Found) -> tuple[Verdict, ...]:
    """Every aim with what was measured."""
    return tuple(aim.verdict(found) for aim in AIMS)


def table(found: Found) -> Iterator[str]:
    """Every aim, met or missed, as lines of text."""
    for verdict in verdicts(found):
        aim = verdict.aim
        yield f"{aim.work:82} {aim.wanted:>29} {verdict.shown:>22}  {verdict.word}"
