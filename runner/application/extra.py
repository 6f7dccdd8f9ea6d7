"""The error of a program that was installed without its extra `sandbox`."""

from __future__ import annotations

from runner.errors import CohortsError


def lacks_extra(what: str, exc: ModuleNotFoundError) -> CohortsError:
    """The error R030 where a package of the extra `sandbox` is missing; `what` says who
    needs it, such as `tests need`.
    """
    return CohortsError(
        "R030",
        f"{what} a package that is not installed ({exc.name})",
        (
            "install it again from where it came from, with its extra `sandbox`;"
            " `cohorts explain R030` shows how"
        ),
    )
