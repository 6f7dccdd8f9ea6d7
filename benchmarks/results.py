"""What was measured, as tables and a plot: `benchmarks/README.md`, `benchmarks/results.svg`."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import aims, cold, peers
from benchmarks.aims import Found
from benchmarks.processes import memory, ratio, seconds
from benchmarks.syncs import One

README = Path(__file__).with_name("README.md")
PLOT = Path(__file__).with_name("results.svg")
BEGIN, END = "<!-- results -->\n", "<!-- end of the results -->"

BUSY = (
    "**The machine had other work to do** ({:.0f} processes at the end of the run): every time is"
    " too long, and ratios are rough."
)

PAIRS = (
    (cold.VALIDATE, peers.CHECK_JSONSCHEMA),
    (cold.VALIDATE, peers.OCTODNS),
    (cold.VALIDATE, peers.DRT),
    (cold.VALIDATE, peers.TERRAFORM),
    (cold.NOTHING, peers.OCTODNS),
    (cold.NOTHING, peers.TERRAFORM),
)


def machine() -> str:
    """The machine and the day, in a sentence; a second one where it had other work."""
    waiting, cores = os.getloadavg()[0], os.cpu_count() or 1
    told = (
        f"Measured: {datetime.now(UTC):%Y-%m-%d}, {platform.system()} on {_processor()}, {cores}"
        f" cores, Python {platform.python_version()}; {', '.join(peers.versions())}."
    )
    if waiting <= 1.5 * cores:
        return told
    return f"{told} {BUSY.format(waiting)}"


def _processor() -> str:
    """What the processor calls itself, where the system tells."""
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def page(found: Found, profiles: Mapping[str, list[str]]) -> Iterator[str]:
    """The measured part of the page, line by line."""
    yield machine()
    yield from ("", "### Aims", "", "| work | aim | measured | |", "|---|---|---:|---|")
    for verdict in aims.verdicts(found):
        aim = verdict.aim
        yield f"| {aim.work} | {aim.wanted} | {verdict.shown} | {verdict.word} |"
    missed = [each for each in aims.verdicts(found) if each.word == "missed"]
    if missed:
        yield from ("", "What the missed ones need, as far as it is known:", "")
        needs = {each.aim.needs for each in missed if each.aim.needs}
        yield from (f"- {need}" for need in sorted(needs))
    if found.cold:
        yield from ("", "### Beside others", "")
        yield from _commands(found)
        yield from ("", "![Seconds by number of cohorts](results.svg)", "")
        yield from ratios(found)
    if profiles:
        yield from ("", "### Where the time goes")
    for name, rows in profiles.items():
        yield from ("", f"`{name}`:", "", *rows)
    for one in found.one.values():
        yield from _jobs(one)


def _commands(found: Found) -> Iterator[str]:
    yield "| cohorts | command | seconds, median | from – to | processor | MiB |"
    yield "|---:|---|---:|---:|---:|---:|"
    for cohorts, runs in found.cold.items():
        for name, each in runs.items():
            walls = [used.wall for used in each]
            cpu = sorted(used.cpu for used in each)[len(each) // 2]
            yield (
                f"| {cohorts:,} | {name} | {seconds(each):.2f} |"
                f" {min(walls):.2f} – {max(walls):.2f} | {cpu:.2f} | {memory(each):.0f} |"
            )


def ratios(found: Found) -> Iterator[str]:
    """How many times as long ours took as a peer, as a Markdown table."""
    sizes = sorted(found.cold)
    yield f"| how many times as long ours took | {' | '.join(f'{each:,}' for each in sizes)} |"
    yield f"|---|{'---:|' * len(sizes)}"
    for ours, theirs in PAIRS:
        known = [{ours, theirs} <= set(found.cold[size]) for size in sizes]
        if all(known):
            cells = [
                f"{ratio(found.cold[size][ours], found.cold[size][theirs]):.2f}"
                for size in sizes
            ]
            yield f"| {ours} / {theirs} | {' | '.join(cells)} |"


def _jobs(one: One) -> Iterator[str]:
    """The jobs of one changed cohort; a job's times are whole seconds."""
    number = len(one.jobs)
    yield ""
    yield (
        f"One changed cohort, jobs of {one.seconds:g} s: {one.wall:.1f} s from the start of `sync`"
        f" to its end; {number} jobs. Seconds from the first job's start:"
    )
    yield from ("", "| from | to | job |", "|---:|---:|---|")
    for job in one.jobs:
        yield f"| {job.start:.0f} | {job.end:.0f} | `{job.what.replace('|', ' ')}` |"


def write(found: Found, profiles: Mapping[str, list[str]]) -> None:
    """Put what was measured into the page, and draw the plot."""
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    made = "\n".join(page(found, profiles))
    README.write_text(f"{before}{BEGIN}\n{made}\n\n{END}{after}", "utf-8")
    if found.cold:
        PLOT.write_text("\n".join(plot(found)) + "\n", "utf-8")


WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 60, 550, 20, 335
"""Where the plot ends on each side; the names stand to its right."""

COLOURS = (
    "#d62728", "#1f77b4", "#ff9896", "#2ca02c", "#9467bd",
    "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a value stands between two edges; equal ratios are equally long."""

    least: float
    most: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        whole = math.log10(self.most / self.least) or 1
        share = math.log10(value / self.least) / whole
        return self.begin + share * (self.end - self.begin)


def plot(found: Found) -> Iterator[str]:
    """Seconds by number of cohorts, both in powers of ten, as an SVG picture."""
    sizes = sorted(found.cold)
    took: dict[str, dict[int, float]] = {}
    for size in sizes:
        for name, runs in found.cold[size].items():
            took.setdefault(name, {})[size] = seconds(runs)
    values = [value for each in took.values() for value in each.values()]
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    across = Scale(sizes[0], sizes[-1], LEFT, RIGHT)
    up = Scale(10.0**low, 10.0**high, BOTTOM, TOP)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    for power in range(low, high + 1):
        y = up.at(10.0**power)
        yield f'<path d="M{LEFT} {y:.0f}H{RIGHT}" stroke="#ddd"/>'
        yield _text(LEFT - 6, y + 4, f"{10.0**power:g} s", "end")
    for size in sizes:
        yield _text(across.at(size), BOTTOM + 18, f"{size:,}", "middle")
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 36, "cohorts", "middle")
    for number, (name, each) in enumerate(took.items()):
        points = [(across.at(size), up.at(value)) for size, value in each.items()]
        colour = COLOURS[number % len(COLOURS)]
        yield from _line(points, colour)
        row = TOP + 12 + 20 * number
        yield f'<rect x="{RIGHT + 15}" y="{row - 9}" width="10" height="10" fill="{colour}"/>'
        yield _text(RIGHT + 30, row, name, "start")
    yield "</svg>"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{text}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> Iterator[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
