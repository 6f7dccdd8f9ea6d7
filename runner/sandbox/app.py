"""The sandbox put together: one ASGI app for Treasure Data, Braze and the admin API."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp

from runner.sandbox import own_data, sample
from runner.sandbox.admin import AdminApi
from runner.sandbox.braze import Braze
from runner.sandbox.clock import Clock
from runner.sandbox.connector import Connector
from runner.sandbox.control import ControlApi
from runner.sandbox.engine import sample as engine_sample
from runner.sandbox.engine.tables import EngineTables
from runner.sandbox.faults import Faults
from runner.sandbox.holds import Holds
from runner.sandbox.jobs import Jobs
from runner.sandbox.options import Chosen, Options
from runner.sandbox.own_data import OwnData
from runner.sandbox.partner import PartnerApi
from runner.sandbox.sessions import Tables
from runner.sandbox.treasuredata import TreasureDataApi
from runner.sandbox.warehouse import Warehouse
from runner.sandbox.wire import RequestCounts, Wire
from runner.sandbox.workspaces import Workspaces


class Sandbox:
    """Everything a sandbox holds; `close` ends its threads. `address` is where its own
    Braze is reached.

    Tables are kept in DuckDB, unless others are given. `own` data fills them in the
    place of the sample shop.
    """

    def __init__(
        self,
        options: Options,
        address: str,
        tables: EngineTables | None = None,
        own: OwnData | None = None,
    ) -> None:
        self._chosen = Chosen(options)
        self._clock = Clock(options.ahead)
        self._faults = Faults()
        self._holds = Holds()
        for fault in options.faults:
            self._faults.add(fault)
        if options.storm is not None:
            self._faults.storm(options.storm)
        self._warehouse: Tables = tables or Warehouse()
        if own:
            fill = self._own(own)
        else:
            self._people = self._sample(options)
            fill = self._fill(options)
        self._workspaces = Workspaces(
            options.partner, options.connections, self._clock, fill
        )
        self._connector = Connector(self._chosen, address, self._clock)
        self._jobs = Jobs(
            self._chosen,
            self._warehouse,
            self._connector,
            self._faults,
            self._holds,
            self._clock,
        )

    def _sample(self, options: Options) -> Callable[[], sample.People]:
        """Fill the tables; returns what tells whom Braze is to know of them."""
        shop = options.shop
        now = int(self._clock.now())
        if shop is None:
            return tuple
        match tables := self._warehouse:
            case Warehouse():
                sample.fill_warehouse(tables, shop, now)
                return lambda: sample.known(tables)
            case EngineTables():
                people = engine_sample.fill(tables, shop, now)
                return lambda: people

    def _own(self, own: OwnData) -> Callable[[Braze], None]:
        """Fill the tables with data that was given; returns what gives a new workspace
        its users.
        """
        own_data.fill(self._warehouse, own)
        return lambda braze: braze.put_users(own.users)

    def _fill(self, options: Options) -> Callable[[Braze], None]:
        """What gives a new workspace its users; none without the sample's data."""

        def fill(braze: Braze) -> None:
            if options.shop:
                sample.fill_braze(self._people(), braze)

        return fill

    def close(self) -> None:
        """End running jobs and give the data back."""
        self._jobs.close()
        self._warehouse.close()

    def app(self) -> ASGIApp:
        """The ASGI app."""
        counts = RequestCounts()
        history = self._jobs.history
        treasure_data = TreasureDataApi(
            self._chosen,
            self._warehouse,
            self._jobs,
            self._connector,
            self._workspaces,
            self._faults,
        )
        partner = PartnerApi(self._workspaces, self._chosen)
        control = ControlApi(self._faults, self._holds, self._clock, self._chosen)
        admin = AdminApi(self._warehouse, self._workspaces, history, counts)
        routes = [
            *treasure_data.routes(),
            *partner.routes(),
            *control.routes(),
            *admin.routes(),
        ]
        app = Starlette(routes=routes)
        return Wire(
            app, routes, self._faults, self._holds, counts, self._clock, history.newest
        )


def create_app(options: Options, address: str) -> tuple[ASGIApp, Sandbox]:
    """An app and what is behind it; close the sandbox when the app is no longer served."""
    sandbox = Sandbox(options, address)
    return sandbox.app(), sandbox
