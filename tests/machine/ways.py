"""The ways in which runs go: clean, killed, asleep, among faults, two at once; and what is expected of each."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.machine import truth
from tests.machine.game import Game, Zombie, is_job
from tests.machine.runs import Run
from tests.machine.truth import Clean
from tests.machine.world import LIFTED, Wrong

DURING = 0.1
"""Seconds after which a run is amid its work."""


def clean(game: Game, how: Clean, *, late: str = "before", again: bool = False) -> None:
    """A run without faults, and everything that must be so afterwards. `late`: when zombies come, `before` it,
    `during` or `after`.
    """
    zombies = list(game.zombies)
    if late == "after" and any(zombie.is_job for zombie in zombies):
        late = "during"  # whoever comes next waits for a job that may still send
    if late == "before":
        game.bury()
    asked = game.world.asked()
    free = not game.zombies
    if free:  # a job that is held settles when it is let go
        game.settled()
    game.written()
    run = game.start(*game.arguments(how))
    if late == "during" and zombies:
        time.sleep(DURING)
        game.bury()
    game.end(run)
    if run.code and zombies and late == "during":  # stopped by what came late: as good as a run that was cut off
        game.world.perhaps(asked)
        game.end(run := game.start(*game.arguments(how)))
    if run.code == 9 and "L001" in run.text:  # the process that held the ledger is dead, another has its number
        game.table.tally["unlocks after a number was used again"] += 1
        game.end(game.start("unlock"))
        game.end(run := game.start(*game.arguments(how)))
    game.say(f"clean {how} {late}: {run.code}")
    _expect_code(game, run)
    game.table.tally["clean runs"] += 1
    game.check(asked, how, counted=free)
    if zombies:
        _after_zombies(game, zombies)
    elif again:
        game.nothing_to_do()
        if how.refresh:
            game.check_tables()


def _after_zombies(game: Game, zombies: Sequence[Zombie]) -> None:
    """Those that are left come now, and send nothing; what they wrote may make cohorts due."""
    if game.zombies:
        game.bury()
        game.check_still("after zombies came late")
    for zombie in zombies:
        game.world.perhaps(zombie.asked)


def _expect_code(game: Game, run: Run) -> None:
    """The exit code of a run without faults follows from the files."""
    world = game.world
    code = 3 if not world.any_valid else 7 if world.any_broken else 0
    is_idle = world.any_broken and all(file.expired for file in world.files if file.there and not file.broken)
    if run.code != code and not (is_idle and run.code == 3):  # of files that can be read, none asks for anything
        raise Wrong(f"a clean run ended with {run.code}, not {code}:\n{run.text}")


def killed(game: Game, fault: Mapping[str, Any], how: Clean, *, then: str) -> None:
    """A run that is killed where a fault holds it; what was held goes on (`go`), is lost (`drop`), or arrives with
    a later run (`late`).
    """
    game.bury()
    asked = game.world.asked()
    game.far.ask("POST", "faults", {"faults": [fault]})
    run = game.start(*game.arguments(how))
    held = game.hold(run)
    game.far.ask("DELETE", "faults")
    run.signal(signal.SIGKILL)
    game.end(run)
    game.world.perhaps(asked)
    game.was_killed = run.code == -signal.SIGKILL
    game.table.tally["kills" if game.was_killed else "kills too late"] += 1
    game.say(f"killed {fault} {how}, {then}: {[line for _, line in held]} {run.code}")
    for number, line in held:
        game.table.tally[f"held: {_kind(line)}"] += 1
        if then == "late":
            game.zombies.append(Zombie(number, line, asked))
        else:
            game.release(number, then)


def stalled(game: Game, fault: Mapping[str, Any], how: Clean, *, by: str, frozen: bool) -> None:
    """A run falls asleep, another does all the work, the first wakes up: it must send nothing more."""
    game.bury()
    asked = game.world.asked()
    game.far.ask("POST", "faults", {"faults": [fault]})
    run = game.start(*game.arguments(how))
    held = game.hold(run)
    game.far.ask("DELETE", "faults")
    game.world.perhaps(asked)
    game.table.tally["stalls" if held else "stalls too late"] += 1
    if frozen and held:
        run.signal(signal.SIGSTOP)
    if held and by == "clock":
        game.far.ask("POST", "clock", {"advance": 700})
    if held and by == "unlock":
        thief = game.start("unlock")
        if any(line.startswith("trino job") for _, line in held):  # perhaps the claim, which it would wait for
            time.sleep(DURING)
            game.release("all", "go")
        game.end(thief)
    if held:
        whole = Clean(refresh=True, reassert=True)
        second = game.start(*game.arguments(whole))
        if in_a_job := any(is_job(line) for _, line in held):
            time.sleep(DURING)
            game.release("all", "go")
        game.end(second)
        if in_a_job and second.code == 9:  # what was released was the claim of the ledger, as if made just now
            game.end(game.start("unlock"))
            game.end(second := game.start(*game.arguments(whole)))
        game.say(f"stalled {fault} by {by}: {[line for _, line in held]}; the other {second.code}")
        _expect_code(game, second)
        game.check(asked, whole, counted=False)
    epoch = game.epoch()
    run.signal(signal.SIGCONT)
    game.release("all", "go")
    game.end(run)
    game.say(f"the sleeper ended with {run.code}")
    if held:
        if game.epoch() == epoch:  # else it had not begun to write, and did so in its own right afterwards
            game.check_still("after a sleeper woke up")
            game.table.tally["sleepers that woke up too late"] += 1
        game.world.perhaps(asked)


def faulty(
    game: Game, faults: Sequence[Mapping[str, Any]], how: Clean, *, storm: Mapping[str, Any] | None = None
) -> None:
    """A run among faults, to its end."""
    game.bury()
    asked = game.world.asked()
    body: dict[str, Any] = {"faults": list(faults)} if storm is None else {"storm": storm}
    game.far.ask("POST", "faults", body)
    run = game.end(game.start(*game.arguments(how)))
    for kind, times in game.far.ask("GET", "faults")["struck"].items():
        game.table.tally[f"fault: {kind}"] += times
    game.far.ask("DELETE", "faults")
    game.table.tally["runs with faults that succeeded" if not run.code else "runs with faults that failed"] += 1
    game.world.perhaps(asked)
    game.say(f"faults {list(faults) or storm} {how}: {run.code}")
    if "Traceback" in run.text:
        raise Wrong(f"a crash:\n{run.text}")


def storm(game: Game, seed: int, rate: float) -> None:
    """A run in a storm, and what it takes to heal it, in members written."""
    game.bury()
    held = [game.world.held[where] for where in game.world.asked()]
    plain = all(truth.is_plain(game.world.held[where], wanted) for where, wanted in game.world.asked().items())
    sure = plain and not any(each.unsure or each.aged or len(each.options) > 1 for each in held)
    due = sum(truth.had_to_change(game.world.held[w], wanted) for w, wanted in game.world.asked().items())
    game.settled()
    game.written()
    faulty(game, [], Clean(refresh=True), storm={"seed": seed, "rate": rate})
    game.settled()
    game.sent = sum(game.written().values())
    clean(game, Clean())
    game.table.tally[f"storms of {rate:.0%}"] += 1
    if sure:
        game.table.tally[f"storms of {rate:.0%}, healed: members written"] += game.sent
        game.table.tally[f"storms of {rate:.0%}, healed: members that had to change"] += due


def at_once(game: Game, how: Clean) -> None:
    """Two runs side by side: one of them works, the other gives up, or comes after it."""
    game.bury()
    asked = game.world.asked()
    first, second = game.start(*game.arguments(how)), game.start(*game.arguments(how))
    codes = {game.end(first).code, game.end(second).code}
    game.world.perhaps(asked)
    game.table.tally["two at once"] += 1
    game.say(f"two at once {how}: {codes}")
    if "Traceback" in first.text + second.text or not codes <= {0, 3, 7, 9}:
        raise Wrong(f"two at once ended with {codes}:\n{first.text}\n{second.text}")


def unlock(game: Game) -> None:
    """Somebody takes the ledger from whoever has it."""
    if game.world.any_valid:
        game.say(f"unlock: {game.end(game.start('unlock')).code}")


def advance(game: Game, seconds: int) -> None:
    """The far side's clock goes on."""
    game.far.ask("POST", "clock", {"advance": seconds})
    game.world.age(seconds // 3600)
    game.table.hours = game.world.hours
    if game.world.hours > LIFTED:
        game.world.files[:] = [replace(file, suspended=False) for file in game.world.files]
        game.dirty.add("files")


def _kind(line: str) -> str:
    """A held line without what differs from run to run."""
    return " ".join(line.split()[:2]) if " job " in line else "/".join(line.split("/")[:4])
