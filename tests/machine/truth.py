"""What a clean run must leave in Braze, and how much it may send: computed from the world alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tests.machine.world import Held, Member, Wanted, Where, World, Wrong, after, reached


@dataclass(frozen=True, slots=True)
class Clean:
    """How a run without faults was asked for."""

    refresh: bool = False
    reassert: bool = False


def settle(world: World, where: Where, wanted: Wanted, found: set[int], how: Clean) -> None:
    """Check one cohort after a clean run and remember it. `found`: keys of the users who are in it. Raises Wrong."""
    held, links = world.held[where], world.links[where[0]]
    if wanted.mode == "hold":
        _settle_held(held, wanted, links, found, where=where, how=how)
        return
    possible = _results(held, wanted, how)
    fitting = [option for option in possible if _fits(held, option, links, found, now=wanted, strict=how.reassert)]
    if not fitting:
        told = [_told(held, option, links, now=wanted, strict=how.reassert) for option in possible]
        raise Wrong(f"{where}: users {sorted(found)} are in; must be {' or '.join(told)}")
    asserted = _asserted(held, fitting, links, now=wanted, whole=how.reassert)
    # whoever is in and was not sent for certain is not sent again
    known = [_asserted(held, [option], links, now=wanted, whole=how.reassert) for option in fitting]
    held.options = _distinct(replace(option, index=index) for option, index in zip(fitting, known, strict=True))
    held.asserted = asserted
    held.unsure = False
    held.stuck &= found - reached(fitting[0].members, links)
    held.aged = False if how.reassert else held.aged


def _distinct(options: Iterable[Wanted]) -> list[Wanted]:
    """States that look alike as one, of which is known what holds for all: any may be the one on record."""
    found: dict[object, Wanted] = {}
    for option in options:
        alike = (option.definition, option.members, option.extra)
        same = found.get(alike, option).index
        index = {member: link for member, link in option.index.items() if same.get(member) == link}
        found[alike] = replace(option, index=index)
    return list(found.values())


def most_written(held: Held, wanted: Wanted, how: Clean) -> tuple[int, int]:
    """The least and the most members that a clean run may write to a cohort."""
    before = frozenset[Member]().union(*(option.members | option.extra for option in held.options))
    new, last = wanted.members, held.options[0]
    if wanted.mode == "hold":
        return 0, len(before & wanted.barred)
    if held.unsure or len(held.options) > 1:
        return 0, len(before | new) + len(new) + 1
    due = how.refresh or how.reassert or last.definition != wanted.definition
    if not due:
        return 0, 0
    if not is_plain(held, wanted):
        return 0, len(before | new) + len(new) + 1
    leaving, entering = before - new, new - before
    handles = {(kind, label) for kind, label, _ in before | new}
    shared = len(handles) > 1 or any(kind == "device_id" for kind, _ in handles)
    whole = bool(last.definition) and wanted.definition is not None and how.reassert
    added = len(new) if whole or (shared and leaving) else len(entering)
    exact = len(leaving) + added
    if not exact and new and last.definition and wanted.definition and last.definition[0] != wanted.definition[0]:
        exact = 1  # a name travels only with a member
    return exact, len(leaving) + len(new) + 1 if held.aged else exact


def is_plain(held: Held, wanted: Wanted) -> bool:
    """True where a mirror stays one, so that what is sent follows from who is wanted before and now."""
    return wanted.mode == "mirror" and all(each.mode == "mirror" and not each.extra for each in held.options)


def had_to_change(held: Held, wanted: Wanted) -> int:
    """Members who differ between what was asked for last and now."""
    return len(held.options[-1].members ^ wanted.members)


def _results(held: Held, wanted: Wanted, how: Clean) -> list[Wanted]:
    """States in which the run may leave the cohort: without a refresh, one whose definition is the same is let be."""
    if how.refresh or how.reassert or wanted.definition is None:
        return [after(held, wanted)]
    kept = [option for option in held.options if option.definition == wanted.definition]
    if held.unsure or len(kept) < len(held.options):
        kept.append(after(held, wanted))
    return kept


def _settle_held(
    held: Held, wanted: Wanted, links: Mapping[Member, tuple[int, int]], found: set[int], *, where: Where, how: Clean
) -> None:
    """A suspended cohort: nobody came, and only those left who are taken out of every cohort; they did on a refresh."""
    state = after(held, wanted)
    possible = state.members | state.extra | state.out
    most = (reached(possible, links) - (reached(state.out, links) if how.refresh else set())) | held.stuck
    least = {user for member, (user, _) in held.asserted.items() if links.get(member, (0, 0))[0] == user}
    least -= reached(wanted.barred, links)
    if held.unsure:
        least = set()
    if not least <= found <= most:
        raise Wrong(f"{where} is held: users {sorted(found)} are in; must be {sorted(least)} to {sorted(most)}")
    states = [replace(state, definition=option.definition, mode=option.mode) for option in held.options]
    held.options = states if how.refresh else [*held.options, *states]
    kept = {member: link for member, link in held.asserted.items() if member in state.members and link[0] in found}
    held.asserted = kept if how.refresh or not held.unsure else {}
    held.unsure = held.unsure and not how.refresh


def _fits(
    held: Held, option: Wanted, links: Mapping[Member, tuple[int, int]], found: set[int], *, now: Wanted, strict: bool
) -> bool:
    least, most = _bounds(held, option, links, now=now, strict=strict)
    return least <= found <= most


def _bounds(
    held: Held, option: Wanted, links: Mapping[Member, tuple[int, int]], *, now: Wanted, strict: bool
) -> tuple[set[int], set[int]]:
    everybody, most = reached(option.members, links), reached(option.members | option.extra, links)
    if strict:
        return everybody, (most - (reached(option.out, links) - everybody)) | held.stuck
    asserted = _asserted(held, [option], links, now=now, whole=False)
    return {user for user, _ in asserted.values()}, most | held.stuck


def _asserted(
    held: Held, options: list[Wanted], links: Mapping[Member, tuple[int, int]], *, now: Wanted, whole: bool
) -> dict[Member, tuple[int, int]]:
    """Members of whom Braze certainly knows that they are in, by a name that their users still have."""
    sure: dict[Member, tuple[int, int]] = {}
    for member in frozenset.intersection(*(option.members for option in options)):
        if whole:
            link = links.get(member)
        elif member in held.asserted:
            link = held.asserted[member]
        else:
            link = min(
                (option.index.get(member, (0, 0)) for option in [*options, *held.options] if member in option.members),
                default=None,
            )
        if link and links.get(member) == link:
            sure[member] = link
    return sure


def _told(held: Held, option: Wanted, links: Mapping[Member, tuple[int, int]], *, now: Wanted, strict: bool) -> str:
    least, most = _bounds(held, option, links, now=now, strict=strict)
    return f"{sorted(least)}" + (f" and perhaps {sorted(most - least)}" if most > least else "")
