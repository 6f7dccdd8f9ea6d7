"""Names in generated SQL: plain where they can be, quoted where a word has a meaning of its own."""

from __future__ import annotations

# Trino's reserved words (https://trino.io/docs/current/language/reserved.html), and
# those of other readers of the same SQL that are likely names of columns.
_RESERVED = """\
alter and as between by case cast constraint create cross cube current_catalog
current_date current_path current_role current_schema current_time current_timestamp
current_user deallocate delete describe distinct drop else end escape except exists
extract false for from full group grouping having in inner insert intersect into is join
json_array json_exists json_object json_query json_table json_value left like listagg
localtime localtimestamp natural normalize not null on or order outer prepare recursive
right rollup select skip table then trim true uescape union unnest using values when
where with
all any array asc asymmetric at both check collate column default desc do execute fetch
filter foreign glob grant interval lambda lateral leading limit map offset only over
partition pivot placing position primary qualify range references returning row rows
sample set show some summarize symmetric system to trailing unique unpivot user variadic
window within"""
RESERVED = frozenset(_RESERVED.split())


def quoted(name: str) -> str:
    """A name that was checked to be letters, digits and underscores, as SQL."""
    if name in RESERVED or name[:1].isdigit():
        return f'"{name}"'
    return name
