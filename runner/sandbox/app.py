"""The sandbox put together: one ASGI app for Treasure Data, Braze and the admin API."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.types import ASGIApp

from runner.sandbox import sample
from runner.sandbox.admin import AdminApi
from runner.sandbox.braze import Braze
from runner.sandbox.connector import Connector
from runner.sandbox.faults import Faults
from runner.sandbox.jobs import Jobs
from runner.sandbox.options import Options
from runner.sandbox.partner import PartnerApi
from runner.sandbox.treasuredata import TreasureDataApi
from runner.sandbox.warehouse import Warehouse
from runner.sandbox.wire import RequestCounts, Wire
from runner.sandbox.workspaces import Workspaces


class Sandbox:
    """Everything a sandbox holds; `close` ends its threads. `address` is where its own Braze is reached."""

    def __init__(self, options: Options, address: str) -> None:
        self.warehouse, self.faults, self.counts = Warehouse(), Faults(), RequestCounts()
        if options.shop:
            sample.fill_warehouse(self.warehouse, options.shop, int(time.time()))
        self.workspaces = Workspaces(options.partner, options.connections, self._fill(options))
        connector = Connector(options, address)
        self.jobs = Jobs(options, self.warehouse, connector, self.faults)
        self._treasure_data = TreasureDataApi(options, self.warehouse, self.jobs, connector, self.workspaces)

    def _fill(self, options: Options) -> Callable[[Braze], None]:
        return lambda braze: sample.fill_braze(self.warehouse, braze) if options.shop else None

    def close(self) -> None:
        """End running jobs and give the data back."""
        self.jobs.close()
        self.warehouse.close()

    def app(self) -> ASGIApp:
        """The ASGI app."""
        routes = [
            *self._treasure_data.routes(),
            *PartnerApi(self.workspaces).routes(),
            *AdminApi(self.warehouse, self.workspaces, self.jobs, self.faults, self.counts).routes(),
        ]
        return Wire(Starlette(routes=routes), routes, self.faults, self.counts)


def create_app(options: Options, address: str) -> tuple[ASGIApp, Sandbox]:
    """An app and what is behind it; close the sandbox when the app is no longer served."""
    sandbox = Sandbox(options, address)
    return sandbox.app(), sandbox
