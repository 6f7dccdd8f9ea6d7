"""Cohort files that are good by themselves, but not beside each other or the project file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from runner.definitions.cohort import Cohort
from runner.definitions.known import Known, Table
from runner.errors import Position, Problem
from runner.files.documents import Document, quoted
from runner.files.suggestions import suggestion
from runner.identifiers import Handle
from runner.project import tables
from runner.project.file import FILE, Project, Suppression

_Named = tuple[str, set[Handle]]
"""A list of suppressed people, and the handles by which it names them."""


def same_ids(documents: Sequence[Document]) -> Iterator[Problem]:
    """Files with an id that another file has too. Files with other problems count."""
    given: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    for document in documents:
        cohort_id = _text(document, "id")
        if cohort_id is not None:
            given[cohort_id].append((document.at("id"), cohort_id))
    fix = "give each cohort an id of its own"
    for found in given.values():
        yield from _repeated(found, "id", "D001", fix)


def same_names(documents: Sequence[Document]) -> Iterator[Problem]:
    """Files with a name that another file has too, in whatever letters. Files with
    other problems count.
    """
    given: dict[str, list[tuple[Position, str]]] = defaultdict(list)
    for document in documents:
        name = _text(document, "name")
        if name is not None:
            given[name.strip().casefold()].append((document.at("name"), name))
    fix = "give each cohort a name of its own"
    for found in given.values():
        yield from _repeated(found, "name", "D002", fix)


def _text(document: Document, key: str) -> str | None:
    """The text of a key at the top of a file; None where there is none."""
    if not isinstance(document.data, dict):
        return None
    value = document.data.get(key)
    if not isinstance(value, str):
        return None
    return value


def _repeated(
    found: Sequence[tuple[Position, str]], key: str, code: str, fix: str
) -> Iterator[Problem]:
    """A problem at every place of one value, where there are several places."""
    if len(found) == 1:
        return
    first, second = found[0][0], found[1][0]
    more = ""
    if len(found) > 2:
        more = f" and in {len(found) - 2} more"
    for at, value in found:
        other = first
        if at == first:
            other = second
        what = f"the {key} {quoted(value.strip())} is also used at {other}{more}"
        yield Problem(at, code, what, fix)


def same_destinations(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Cohorts that would be one cohort in Braze: of one target, or of two targets that
    write to the same workspace.
    """
    places: dict[tuple[str, str], list[tuple[Cohort, str]]] = defaultdict(list)
    for target in project.targets.values():
        for cohort in cohorts:
            destination = target.workspace, target.braze_id(cohort.braze_id)
            places[destination].append((cohort, target.name))
    for (workspace, braze_id), found in places.items():
        if len(found) == 1:
            continue
        for number, (cohort, target_name) in enumerate(found):
            other, other_target = found[0]
            if number == 0:
                other, other_target = found[1]
            where = f"in workspace {workspace}"
            if target_name != other_target:
                where = f"{where} for target {target_name}"
            what = (
                f"this is {quoted(braze_id)} {where}, "
                f"and so is {other.id} ({other.document.path})"
            )
            fix = "give one of them another id, or one of the targets another prefix"
            yield Problem(_id_place(cohort), "D006", what, fix)


def _id_place(cohort: Cohort) -> Position:
    """Where a file gives the id that its cohort has in Braze."""
    if cohort.braze_id != cohort.id:
        return cohort.document.at("braze_id")
    return cohort.document.at("id")


def previous_ids(cohorts: Sequence[Cohort]) -> Iterator[Problem]:
    """Cohorts whose `previous_id` another cohort has, or gives as its own previous one."""
    current = {cohort.braze_id: cohort for cohort in cohorts}
    heirs: dict[str, Cohort] = {}
    for cohort in cohorts:
        previous = cohort.life.previous_id
        if not previous:
            continue
        at = cohort.document.at("previous_id")
        heir = heirs.setdefault(previous, cohort)
        if heir is not cohort:
            what = f"{heir.document.path} has the `previous_id` {quoted(previous)} too"
            yield Problem(
                at,
                "D024",
                what,
                (
                    "remove `previous_id` from one of them: a cohort can be moved to one"
                    " other only"
                ),
            )
        former = current.get(previous)
        if former:
            what = (
                f"the previous id {quoted(previous)} belongs to a cohort that still"
                f" has a file ({former.document.path})"
            )
            fix = (
                f"remove {former.document.path} if the cohort is moved, or remove"
                " this line"
            )
            yield Problem(at, "D022", what, fix)


def suppression(cohorts: Sequence[Cohort], project: Project) -> Iterator[Problem]:
    """Lists of suppressed people that are not there, and cohorts that name people in a
    way that some list does not: such a list could not take them out.
    """
    by_id = {cohort.id: cohort for cohort in cohorts}
    lists: list[_Named] = []
    for number, listed in enumerate(project.suppress):
        if listed.cohort and listed.cohort not in by_id:
            what = (
                f"the cohort {quoted(listed.cohort)} does not exist, or its file has"
                " problems, so it cannot be used in `suppress`"
            )
            fix = suggestion(listed.cohort, by_id, "mend its file, or correct the id")
            yield Problem(project.document.at("suppress", number), "P020", what, fix)
        else:
            lists.append(_named(listed, by_id))
    of_lists = {listed.cohort for listed in project.suppress}
    for cohort in cohorts:
        if cohort.id not in of_lists and not cohort.unsuppressed:
            yield from _out_of_reach(cohort, lists)


def _named(listed: Suppression, by_id: Mapping[str, Cohort]) -> _Named:
    """How one list of suppressed people names them."""
    name, identifiers = listed.table, listed.identifiers
    if listed.cohort:
        name, identifiers = listed.cohort, by_id[listed.cohort].identifiers
    return name, {identifier.handle for identifier in identifiers}


def _out_of_reach(cohort: Cohort, lists: Sequence[_Named]) -> Iterator[Problem]:
    """Lists that lack a handle of a cohort."""
    handles = {identifier.handle for identifier in cohort.identifiers}
    for name, known in lists:
        if handles <= known:
            continue
        what = (
            f"{name} (`suppress` in {FILE}) has the identifiers {_words(known)},"
            f" and this cohort has {_words(handles)}:"
            " not everybody on the list could be taken out of this cohort"
        )
        fix = f"give {name} the identifier {_words(handles - known)} too"
        yield Problem(cohort.document.at("identifiers"), "D023", what, fix)


def _words(handles: set[Handle]) -> str:
    return " and ".join(str(handle) for handle in sorted(handles))


def suppression_tables(project: Project, known: Known) -> Iterator[Problem]:
    """Tables of suppressed people that are not in the file of tables, and columns that
    these tables lack.
    """
    for number, listed in enumerate(project.suppress):
        if not listed.table:
            continue
        at = ("suppress", number)
        table = known.table(listed.table, "")
        if table is None:
            what = f"there is no table {listed.table} in {tables.FILE}"
            fix = (
                "correct its name, or run `cohorts sources pull --tables` if it is new"
            )
            yield Problem(project.document.at(*at, "table"), "Q011", what, fix)
        elif table.whole:
            yield from _missing_columns(project.document, at, listed, table)


def _missing_columns(
    document: Document, at: tuple[str, int], listed: Suppression, table: Table
) -> Iterator[Problem]:
    """The identifiers of a list whose column its table does not have."""
    for identifier in listed.identifiers:
        column = identifier.column
        if column.lower() in table.columns:
            continue
        place = document.at(*at, "identifiers", *identifier.pointer)
        what = f"{listed.table} has no column {column}"
        fix = suggestion(column, table.columns, "correct its name")
        yield Problem(place, "Q012", what, fix)
