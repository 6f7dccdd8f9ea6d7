"""A statement of Trino 423 as a tree: what its grammar (SqlBase.g4) tells apart, each
part with its place in the SQL.

Every node begins with `at` and `end`: the offsets, in characters, of its first
character and of the one after its last. Where Trino tells of an operator's place,
between its values, `sign_at` is that place. Nodes are compared by identity, so that
facts about one place (its type, say) can be kept in a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeGuard, TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(eq_default=False, frozen_default=True)
def tree_node(class_: type[_Class]) -> type[_Class]:
    """Makes a class of nodes: frozen, and equal to nothing but itself."""
    return dataclass(frozen=True, slots=True, eq=False)(class_)


# names and types


@tree_node
class Identifier:
    """A name. `name` is as it was written, without quotes; Trino compares names without
    regard to case.
    """

    at: int
    end: int
    name: str
    quoted: bool = False

    @property
    def key(self) -> str:
        """The name as Trino compares it."""
        return self.name.lower()


Identifiers = tuple[Identifier, ...]

Parts = tuple[str, ...]
"""The parts of a name such as `a.b.c`, as Trino compares them."""


@tree_node
class TypeName:
    """A type as it is written, such as `decimal(10, 2)`, `array(varchar)` or `row(a
    bigint, b varchar)`.

    `base` is in lower case, `timestamp with time zone` included. `arguments` are
    lengths and types inside; `names` are those of a row's fields, "" where a field has
    none, and empty for any other type.
    """

    at: int
    end: int
    base: str
    arguments: tuple[TypeName | int, ...] = ()
    names: tuple[str, ...] = ()


# expressions


@tree_node
class Null:
    """NULL."""

    at: int
    end: int


@tree_node
class Text:
    """'text', or U&'text' with its escapes read."""

    at: int
    end: int
    value: str


@tree_node
class Bytes:
    """X'00ff'."""

    at: int
    end: int
    value: bytes


@tree_node
class Boolean:
    """TRUE or FALSE."""

    at: int
    end: int
    value: bool


class NumberKind(StrEnum):
    """What type a number has: 12 is a whole number, 1.2 a decimal, 1.2e0 a double."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"


@tree_node
class Number:
    """A number without a sign. `text` is as it was written, without underscores."""

    at: int
    end: int
    kind: NumberKind
    text: str


@tree_node
class TypedText:
    """DATE '2026-01-31', TIMESTAMP '…', JSON '…': a type's name and a text. `type` is
    in lower case.
    """

    at: int
    end: int
    type: str
    value: str


@tree_node
class Interval:
    """INTERVAL '3' DAY; `unit` and `to` in lower case, `to` empty where there is none;
    `negative` for a minus sign.
    """

    at: int
    end: int
    value: str
    unit: str
    to: str = ""
    negative: bool = False


@tree_node
class Column:
    """A bare name: a column, an argument of a lambda, or the first part of a longer name."""

    at: int
    end: int
    name: Identifier


@tree_node
class Field:
    """`base.name`: a column of a relation, or a field of a row."""

    at: int
    end: int
    base: Expression
    name: Identifier


@tree_node
class Subscript:
    """`base[index]`."""

    at: int
    end: int
    base: Expression
    index: Expression


class Nulls(StrEnum):
    """IGNORE NULLS or RESPECT NULLS of a window function."""

    UNSAID = ""
    IGNORE = "ignore"
    RESPECT = "respect"


@tree_node
class Call:
    """A function call. `star` for `count(*)` (or `count(t.*)`, whose `arguments` then
    hold the name).

    COALESCE, NULLIF, IF and TRY are calls too, and so are SUBSTRING(a FROM b)
    (`substr`), POSITION(a IN b) (`strpos`, its arguments in that function's order) and
    NORMALIZE(a, NFC) (its form as a Text).
    """

    at: int
    end: int
    name: Identifiers
    arguments: Expressions = ()
    star: bool = False
    distinct: bool = False
    order_by: SortItems = ()
    filter: Expression | None = None
    window: Window | None = None
    nulls: Nulls = Nulls.UNSAID

    @property
    def key(self) -> str:
        """The function's name as Trino compares it, without what qualifies it."""
        return self.name[-1].key


@tree_node
class Lambda:
    """`(a, b) -> body`."""

    at: int
    end: int
    parameters: Identifiers
    body: Expression


class Operator(StrEnum):
    """What stands between, or before, values."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULUS = "%"
    CONCAT = "||"


@tree_node
class Operation:
    """`left operator right`."""

    at: int
    end: int
    operator: Operator
    left: Expression
    right: Expression
    sign_at: int = -1


@tree_node
class Sign:
    """`-value` or `+value`."""

    at: int
    end: int
    negative: bool
    value: Expression


class Comparator(StrEnum):
    """How two values are compared; `!=` is `<>`."""

    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@tree_node
class Comparison:
    """`left = right` and its like."""

    at: int
    end: int
    comparator: Comparator
    left: Expression
    right: Expression
    sign_at: int = -1


@tree_node
class QuantifiedComparison:
    """`left = ANY (query)`; `quantifier` is all, any or some."""

    at: int
    end: int
    comparator: Comparator
    quantifier: str
    left: Expression
    query: Query
    sign_at: int = -1


@tree_node
class IsDistinct:
    """`left IS [NOT] DISTINCT FROM right`; `negated` for NOT."""

    at: int
    end: int
    left: Expression
    right: Expression
    negated: bool
    sign_at: int = -1


@tree_node
class Between:
    """`value [NOT] BETWEEN low AND high`."""

    at: int
    end: int
    value: Expression
    low: Expression
    high: Expression
    negated: bool
    sign_at: int = -1


@tree_node
class InList:
    """`value [NOT] IN (a, b)`."""

    at: int
    end: int
    value: Expression
    options: Expressions
    negated: bool


@tree_node
class InQuery:
    """`value [NOT] IN (query)`."""

    at: int
    end: int
    value: Expression
    query: Query
    negated: bool
    sign_at: int = -1


@tree_node
class Like:
    """`value [NOT] LIKE pattern [ESCAPE escape]`."""

    at: int
    end: int
    value: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@tree_node
class IsNull:
    """`value IS [NOT] NULL`."""

    at: int
    end: int
    value: Expression
    negated: bool


@tree_node
class Not:
    """`NOT value`."""

    at: int
    end: int
    value: Expression


@tree_node
class And:
    """Two or more conditions joined by AND."""

    at: int
    end: int
    terms: Expressions


@tree_node
class Or:
    """Two or more conditions joined by OR."""

    at: int
    end: int
    terms: Expressions


@tree_node
class Exists:
    """EXISTS (query)."""

    at: int
    end: int
    query: Query


@tree_node
class ScalarQuery:
    """(query) as a value."""

    at: int
    end: int
    query: Query


@tree_node
class When:
    """WHEN condition THEN result."""

    at: int
    end: int
    condition: Expression
    result: Expression


@tree_node
class Case:
    """CASE [operand] WHEN … [ELSE default] END."""

    at: int
    end: int
    operand: Expression | None
    branches: tuple[When, ...]
    default: Expression | None


@tree_node
class Cast:
    """CAST(value AS type), or TRY_CAST where `safe`."""

    at: int
    end: int
    value: Expression
    type: TypeName
    safe: bool


@tree_node
class AtTimeZone:
    """`value AT TIME ZONE zone`."""

    at: int
    end: int
    value: Expression
    zone: Expression


@tree_node
class Extract:
    """EXTRACT(field FROM value); `field` in lower case, checked by nobody yet."""

    at: int
    end: int
    field: str
    value: Expression


@tree_node
class Present:
    """CURRENT_DATE, CURRENT_TIMESTAMP(3), LOCALTIME, CURRENT_USER and their like;
    `which` in lower case.
    """

    at: int
    end: int
    which: str
    precision: int | None = None


@tree_node
class Array:
    """ARRAY[a, b]."""

    at: int
    end: int
    items: Expressions


@tree_node
class Row:
    """ROW(a, b), or (a, b)."""

    at: int
    end: int
    items: Expressions


@tree_node
class Trim:
    """TRIM([LEADING|TRAILING|BOTH] [what] FROM value), TRIM(value), TRIM(value, what);
    `side` in lower case.
    """

    at: int
    end: int
    side: str
    value: Expression
    what: Expression | None = None


@tree_node
class Grouping:
    """GROUPING(a, b)."""

    at: int
    end: int
    columns: Expressions


@tree_node
class JsonCall:
    """JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT or JSON_ARRAY, whose clauses no
    other function has.

    `name` in lower case. `arguments` are the values inside it; `path` is JSON_VALUE's
    and its like's.
    """

    at: int
    end: int
    name: str
    arguments: Expressions
    path: str = ""
    returning: TypeName | None = None


Expression = (
    Null
    | Text
    | Bytes
    | Boolean
    | Number
    | TypedText
    | Interval
    | Column
    | Field
    | Subscript
    | Call
    | Lambda
    | Operation
    | Sign
    | Comparison
    | QuantifiedComparison
    | IsDistinct
    | Between
    | InList
    | InQuery
    | Like
    | IsNull
    | Not
    | And
    | Or
    | Exists
    | ScalarQuery
    | Case
    | Cast
    | AtTimeZone
    | Extract
    | Present
    | Array
    | Row
    | Trim
    | Grouping
    | JsonCall
)
Expressions = tuple[Expression, ...]
SortItems = tuple["SortItem", ...]


# windows and order


@tree_node
class SortItem:
    """`expression [DESC] [NULLS FIRST|LAST]`; `nulls_first` is None where it is not said."""

    at: int
    end: int
    expression: Expression
    descending: bool = False
    nulls_first: bool | None = None


class BoundKind(StrEnum):
    """One end of a window's frame."""

    UNBOUNDED_PRECEDING = "unbounded preceding"
    PRECEDING = "preceding"
    CURRENT_ROW = "current row"
    FOLLOWING = "following"
    UNBOUNDED_FOLLOWING = "unbounded following"


@tree_node
class Bound:
    """`value PRECEDING` and its like; `value` only where the kind takes one."""

    at: int
    end: int
    kind: BoundKind
    value: Expression | None = None


@tree_node
class Frame:
    """`ROWS BETWEEN start AND stop`; `kind` is rows, range or groups; `stop` is None
    where only a start is given.

    `pattern` is true where the frame recognises a pattern of rows, with `inside` as in
    MatchRecognize.
    """

    at: int
    end: int
    kind: str
    start: Bound
    stop: Bound | None = None
    pattern: bool = False
    inside: Expressions = ()


@tree_node
class Window:
    """OVER (…), or one named in WINDOW. `base` is the name of the window that it takes
    up, alone for `OVER name`.
    """

    at: int
    end: int
    base: Identifier | None = None
    partition_by: Expressions = ()
    order_by: SortItems = ()
    frame: Frame | None = None


@tree_node
class NamedWindow:
    """`name AS (…)` of a WINDOW clause."""

    at: int
    end: int
    name: Identifier
    window: Window


# relations


@tree_node
class Table:
    """A table, a view, or what a WITH made; one to three names. `version` is the value
    of FOR VERSION AS OF.
    """

    at: int
    end: int
    name: Identifiers
    version: Expression | None = None


@tree_node
class Aliased:
    """`relation AS alias (columns)`."""

    at: int
    end: int
    relation: Relation
    alias: Identifier
    columns: Identifiers = ()


@tree_node
class Sampled:
    """`relation TABLESAMPLE BERNOULLI (percentage)`; `method` in lower case."""

    at: int
    end: int
    relation: Relation
    method: str
    percentage: Expression


@tree_node
class Subquery:
    """(query) in FROM, or LATERAL (query) where `lateral`."""

    at: int
    end: int
    query: Query
    lateral: bool = False


@tree_node
class Unnest:
    """UNNEST(a, b) [WITH ORDINALITY]."""

    at: int
    end: int
    expressions: Expressions
    ordinality: bool = False


@tree_node
class TableFunction:
    """TABLE(f(…)), or JSON_TABLE(…). `inside` are the values, queries and tables in it,
    which are not told apart.
    """

    at: int
    end: int
    name: Identifiers
    inside: tuple[Expression | Query | Table, ...] = ()


class JoinKind(StrEnum):
    """How two relations are joined; a comma is CROSS."""

    CROSS = "cross"
    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"
    FULL = "full"


@tree_node
class Join:
    """`left JOIN right ON on`, or USING (`using`), or NATURAL. `comma` where only a
    comma joins them.
    """

    at: int
    end: int
    kind: JoinKind
    left: Relation
    right: Relation
    on: Expression | None = None
    using: Identifiers = ()
    natural: bool = False
    comma: bool = False


@tree_node
class MatchRecognize:
    """`relation MATCH_RECOGNIZE (…)`. `measures` are the names it makes; `all_rows`
    keeps the relation's columns too.

    `inside` are the values of its measures and definitions.
    """

    at: int
    end: int
    relation: Relation
    partition_by: Expressions
    order_by: SortItems
    measures: Identifiers
    all_rows: bool
    inside: Expressions = ()


Relation = (
    Table
    | Aliased
    | Sampled
    | Subquery
    | Unnest
    | TableFunction
    | Join
    | MatchRecognize
)


# queries


@tree_node
class SelectItem:
    """`expression [AS alias]`."""

    at: int
    end: int
    expression: Expression
    alias: Identifier | None = None


@tree_node
class Star:
    """`*`, or `base.*`; `aliases` for `base.* AS (a, b)`."""

    at: int
    end: int
    base: Expression | None = None
    aliases: Identifiers = ()


class GroupingKind(StrEnum):
    """How the expressions of a grouping element are taken."""

    SIMPLE = "simple"
    ROLLUP = "rollup"
    CUBE = "cube"
    SETS = "grouping sets"


@tree_node
class GroupingElement:
    """One element of GROUP BY: its sets of expressions (a single one for SIMPLE)."""

    at: int
    end: int
    kind: GroupingKind
    sets: tuple[Expressions, ...]


@tree_node
class GroupBy:
    """GROUP BY [DISTINCT] …; `distinct` is about grouping sets."""

    at: int
    end: int
    elements: tuple[GroupingElement, ...]
    distinct: bool = False


@tree_node
class Select:
    """SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW …; `from_` is one relation,
    commas being joins.
    """

    at: int
    end: int
    items: tuple[SelectItem | Star, ...]
    distinct: bool = False
    from_: Relation | None = None
    where: Expression | None = None
    group_by: GroupBy | None = None
    having: Expression | None = None
    windows: tuple[NamedWindow, ...] = ()


@tree_node
class Values:
    """VALUES a, (b, c): each row is an expression, a Row where it has several columns."""

    at: int
    end: int
    rows: Expressions


class SetKind(StrEnum):
    """How two queries' rows are taken together."""

    UNION = "union"
    INTERSECT = "intersect"
    EXCEPT = "except"


@tree_node
class SetOperation:
    """`left UNION [ALL] right`; `all` where no duplicates are taken out."""

    at: int
    end: int
    kind: SetKind
    all: bool
    left: Body
    right: Body
    sign_at: int = -1


@tree_node
class TableBody:
    """TABLE name, as a query."""

    at: int
    end: int
    table: Table


@tree_node
class WithQuery:
    """`name (columns) AS (query)` of a WITH."""

    at: int
    end: int
    name: Identifier
    columns: Identifiers
    query: Query


@tree_node
class With:
    """WITH [RECURSIVE] …."""

    at: int
    end: int
    queries: tuple[WithQuery, ...]
    recursive: bool = False


@tree_node
class Query:
    """A whole query. `limit` is LIMIT's or FETCH FIRST's number (None also for LIMIT
    ALL); `ties` for WITH TIES.

    `declares_functions` where it begins with WITH FUNCTION, which Treasure Data does not take.
    """

    at: int
    end: int
    body: Body
    with_: With | None = None
    order_by: SortItems = ()
    offset: Expression | None = None
    limit: Expression | None = None
    limited: bool = False
    ties: bool = False
    declares_functions: bool = False


Body = Select | Values | SetOperation | TableBody | Query


# statements


@tree_node
class ColumnDefinition:
    """`name type`."""

    at: int
    end: int
    name: Identifier
    type: TypeName


@tree_node
class CreateTableAs:
    """CREATE TABLE [IF NOT EXISTS] name [(columns)] AS query."""

    at: int
    end: int
    table: Table
    query: Query
    columns: Identifiers = ()
    if_not_exists: bool = False
    with_data: bool = True


@tree_node
class Insert:
    """INSERT INTO table [(columns)] query."""

    at: int
    end: int
    table: Table
    columns: Identifiers
    query: Query


@tree_node
class DropTable:
    """DROP TABLE [IF EXISTS] table."""

    at: int
    end: int
    table: Table
    if_exists: bool = False


@tree_node
class AddColumn:
    """ALTER TABLE table ADD COLUMN name type."""

    at: int
    end: int
    table: Table
    column: ColumnDefinition
    if_not_exists: bool = False


@tree_node
class Delete:
    """DELETE FROM table [WHERE condition]."""

    at: int
    end: int
    table: Table
    where: Expression | None


@tree_node
class OtherStatement:
    """A statement that neither cohorts nor the runner use; `words` are its first one or
    two words, in upper case.
    """

    at: int
    end: int
    words: str


Statement = (
    Query | CreateTableAs | Insert | DropTable | AddColumn | Delete | OtherStatement
)

Node = (
    Identifier
    | TypeName
    | Expression
    | When
    | SortItem
    | Bound
    | Frame
    | Window
    | NamedWindow
    | Relation
    | SelectItem
    | Star
    | GroupingElement
    | GroupBy
    | Body
    | WithQuery
    | With
    | ColumnDefinition
    | Statement
)


_LEAVES = {"at", "end", "str", "bool", "int", "bytes"}
_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(node: Node) -> tuple[str, ...]:
    """The fields of a node that may hold nodes."""
    kind = type(node)
    found = _FIELDS.get(kind)
    if found is None:
        named = (
            one.name
            for one in fields(kind)
            if one.name not in _LEAVES and str(one.type) not in _LEAVES
        )
        found = _FIELDS[kind] = tuple(named)
    return found


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node, in the order of its fields."""
    for name in _fields(node):
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[Node]:
    """The nodes in a field's value, however deep in tuples."""
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif hasattr(value, "at"):
        yield value  # type: ignore[misc]


def is_whole(node: Expression) -> TypeGuard[Number]:
    """True for a literal of a whole number, without a sign."""
    return isinstance(node, Number) and node.kind is NumberKind.INTEGER


def walk(node: Node) -> Iterator[Node]:
    """The node and all that is inside it, outer before inner; however deep it is,
    without recursion.
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(children(node))))


def place(sql: str, offset: int) -> tuple[int, int]:
    """The line and column (from 1) of an offset, as Trino counts them."""
    before = sql[:offset]
    line = before.count("\n") + 1
    line_start = before.rfind("\n") + 1
    return line, offset - line_start + 1
