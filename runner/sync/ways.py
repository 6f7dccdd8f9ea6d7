"""How each destination is reached: by the target's connection, or by the one that was used before."""

from __future__ import annotations

from collections.abc import Iterable

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


def way_of(change: Change, target: Target) -> Way:
    """Connection and setting keys to reach a destination by: one in another workspace
    only as it was reached before.
    """
    deployed = change.deployed
    # to where nothing was ever sent, nothing is sent now
    here = change.destination.workspace == target.workspace or not (
        deployed.connection or deployed.is_managed
    )
    connection = target.connection if here else deployed.connection
    keys = target.export_settings if here else deployed.setting_keys
    return connection, tuple(sorted(keys.items()))


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
