"""Several Braze workspaces behind one address, and Treasure Data's connections that
lead to them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from runner.sandbox.braze import Braze
from runner.sandbox.clock import Clock
from runner.sandbox.options import Partner


@dataclass(frozen=True, slots=True)
class Connection:
    """A Braze authentication as Treasure Data stores it; the data import key decides the
    workspace.
    """

    name: str
    id: int
    workspace: str
    data_import_key: str = field(repr=False)


class Workspaces:
    """Every workspace and connection. A workspace begins with the users that `fill` gives it."""

    def __init__(
        self,
        partner: Partner,
        given: Iterable[tuple[str, str]],
        clock: Clock,
        fill: Callable[[Braze], None],
    ) -> None:
        self._partner = partner
        self._clock = clock
        self._fill = fill
        self._workspaces: dict[str, Braze] = {}
        self._connections: dict[str, Connection] = {}
        self._last_id = 16
        self._lock = threading.Lock()
        for name, workspace in given:
            self.connect(name, workspace)

    def connect(self, name: str, workspace: str) -> Connection:
        """Make a connection, and its workspace if that is new; one of this name leads
        to the new place then.
        """
        with self._lock:
            key = _key(workspace)
            if workspace not in self._workspaces:
                braze = Braze(self._partner, key, self._clock)
                self._workspaces[workspace] = braze
                self._fill(braze)
            self._last_id += 1
            made = Connection(name, self._last_id, workspace, key)
            self._connections[name] = made
            return made

    def disconnect(self, name: str) -> bool:
        """Delete a connection; False where there is none."""
        with self._lock:
            return self._connections.pop(name, None) is not None

    def connections(self) -> list[Connection]:
        """All of them, in the order in which they were made."""
        return list(self._connections.values())

    def by_name(self, name: str) -> Connection | None:
        """A connection by its name."""
        return self._connections.get(name)

    def by_id(self, connection_id: str) -> Connection | None:
        """A connection by its number."""
        for found in self.connections():
            if str(found.id) == connection_id:
                return found
        return None

    def all(self) -> list[tuple[str, Braze]]:
        """The workspaces with their names, in the order in which they were made."""
        return list(self._workspaces.items())

    def braze(self, workspace: str = "") -> Braze | None:
        """A workspace; the first without a name."""
        name = workspace or next(iter(self._workspaces), "")
        return self._workspaces.get(name)

    def of_request(self, body: object) -> Braze | None:
        """The workspace that a partner request is for, by its `client_secret`; the
        first where it names none.
        """
        if isinstance(body, Mapping):
            secret = body.get("client_secret")
            for name, braze in self._workspaces.items():
                if _key(name) == secret:
                    return braze
        return self.braze()


def _key(workspace: str) -> str:
    return f"{workspace}-import-key"
