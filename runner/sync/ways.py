"""Find the connection by which each destination is reached: the target's, or that of before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.errors import CohortsError, InvalidProject
from runner.plan.plan import Change
from runner.project.file import Project, Target
from runner.treasuredata import export
from runner.treasuredata.client import TreasureData
from runner.treasuredata.export import Route

Way = tuple[str, tuple[tuple[str, str], ...]]
"""A connection's name, and what its settings are called."""

Found = Route | CohortsError
"""A route, or why there is none."""

Routes = Mapping[Way, Found]
"""The route of each way, or why there is none."""


def way_of(change: Change, target: Target) -> Way:
    """The connection and setting keys by which a destination is reached. One in another
    workspace is reached only as it was before.
    """
    if _is_here(change, target):
        return target.connection, tuple(sorted(target.export_settings.items()))
    deployed = change.deployed
    return deployed.connection, tuple(sorted(deployed.setting_keys.items()))


def _is_here(change: Change, target: Target) -> bool:
    """True where the target's own connection will do."""
    if change.destination.workspace == target.workspace:
        return True
    # to where nothing was ever sent, nothing is sent now
    return not change.deployed.connection and not change.deployed.is_managed


def routes(
    due: Iterable[Change], client: TreasureData, project: Project, target: Target
) -> dict[Way, Found]:
    """The route of each change's way. A connection that is gone blocks its destinations
    only; the target's, the run.

    Raises InvalidProject for the target's.
    """
    found: dict[Way, Found] = {}
    for change in due:
        way = way_of(change, target)
        if way in found:
            continue
        try:
            found[way] = export.route(client, way[0], dict(way[1]))
        except export.NoConnection as exc:
            if way[0] == target.connection:
                at = project.document.at("targets", target.name, "connection")
                raise InvalidProject(exc.code, exc.what, exc.fix, at=at) from None
            found[way] = exc
    return found
