"""Queries of sql tags: one select over rows by person, checked and rendered back from its tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from language.binding import quoted
from language.expressions import shown
from language.query_expressions import ONE_ID, QueryChecker, Relation, is_many_rows
from language.syntax import MARKERS, Refused, parse_query
from language.terms import Term, stored, truth, value_type
from language.types import Columns, ValueType
from model.errors import Location, Problems, did_you_mean

VALUE = "value"
SCHEMA = "by_person"
ROWS_OF = ":rows_of_"
MOST_RELATIONS = 8
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PERSONS = f"join on {ONE_ID} = {ONE_ID} of a table before it: rows meet within a person only"
_MULTIPLY = (
    "every row of a person would meet every other: hold a second column equal, such as day, or "
    "join a select that is grouped by one_id"
)
_PIECES = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`]|``)*`|:(?:from|to|rows_of_\w+)\b", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One checked select that gives one_id and value; `reads` are (table, column) of all it reads.

    `sql` is Spark SQL whose column `value` has the Spark type of `type`. It holds the markers
    :business_date and :time_zone of expressions, :from and :to (days), and :rows_of_<table> where a
    table stands: rows of persons only, up to the business date.
    """

    text: str
    sql: str
    type: ValueType
    reads: frozenset[tuple[str, str]]
    tables: tuple[str, ...]

    @property
    def looks_back(self) -> bool:
        """Whether it has one of the markers of a window."""
        return any(piece[0] in MARKERS for piece in _PIECES.finditer(self.sql))


def read_query(
    text: str, tables: Mapping[str, Columns], where: Location, problems: Problems
) -> Query | None:
    """The query of a text over by_person.<table>; None when anything is wrong with it, each problem
    in `problems`."""
    reader = _Reader(tables)
    try:
        tree = parse_query(text)
        rendered = reader.select(tree)
        _check_outputs(rendered.columns)
    except Refused as refusal:
        reader.messages.append(str(refusal))
    except RecursionError:
        reader.messages.append("nested too deeply")
    for message in dict.fromkeys(filter(None, reader.messages)):
        problems.add(where, f"{shown(text)}: {message}")
    if reader.messages:
        return None
    reads, read = frozenset(reader.reads), tuple(sorted(reader.read))
    return Query(text, rendered.sql, rendered.columns[VALUE], reads, read)


def fill_query(sql: str, values: Mapping[str, str]) -> str:
    """A query's SQL with markers replaced; what looks like one inside a text stays."""
    return _PIECES.sub(lambda piece: values.get(piece[0], piece[0]), sql)


def _check_outputs(columns: Columns) -> None:
    if list(columns) != [ONE_ID, VALUE]:
        found = ", ".join(columns)
        raise Refused(f"expected select {ONE_ID}, … as {VALUE}; found {found}")


@dataclass(frozen=True)
class _Rendered:
    sql: str
    columns: Columns
    is_single: bool


class _Reader:
    """Renders selects; `messages` are their problems, `reads` what they read."""

    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self.tables = tables
        self.messages: list[str] = []
        self.reads: set[tuple[str, str]] = set()
        self.read: set[str] = set()
        self.relations = 0

    def select(self, node: exp.Expr) -> _Rendered:
        """A select as SQL with its columns; Refused where it is none or has a problem."""
        if not isinstance(node, exp.Select):
            raise Refused("expected one select")
        _only(node, "select", "expressions", "from_", "joins", "where", "group", "having",
              "distinct")
        if not isinstance(node.args.get("from_"), exp.From):
            raise Refused(f"expected from {SCHEMA}.<table>")
        relations, source = self._from(node)
        group = node.args.get("group")
        _only(group, "group by", "expressions")
        after = [*node.expressions, node.args.get("having")]
        is_grouped = group is not None or any(map(is_many_rows, after))
        checker = QueryChecker(relations, self.reads, self.messages)
        where = self._condition(checker, node.args.get("where"), "WHERE")
        keys = [self._key(checker, key) for key in (group.expressions if group else ())]
        names = {key: quoted(f"_k{n}") for n, key in enumerate(dict.fromkeys(keys))}
        checker.keys = names if is_grouped else None
        outputs = [self._output(checker, one) for one in node.expressions]
        having = self._condition(checker, node.args.get("having"), "HAVING")
        if is_grouped:
            source = f"({_grouped(source, where, names, checker.measured)}) AS `_groups`"
            where = having.replace(" HAVING ", " WHERE ", 1)
        columns = {name: kind for name, kind, _ in outputs}
        if len(columns) < len(outputs):
            raise Refused("two columns of one name; name them with as")
        distinct = "DISTINCT " if _is_distinct(node) else ""
        listed = ", ".join(f"{sql} AS {quoted(name)}" for name, _, sql in outputs)
        sql = f"SELECT {distinct}{listed} FROM {source}{where}"
        is_single = len(keys) == 1 and keys[0].endswith(f".{quoted(ONE_ID)}")
        return _Rendered(sql, columns, is_single)

    def _from(self, node: exp.Select) -> tuple[list[Relation], str]:
        _only(node.args["from_"], "from", "this")
        relations: list[Relation] = []
        source = self._relation(node.args["from_"].this, relations)
        for join in node.args.get("joins") or ():
            _only(join, "join", "this", "side", "kind", "on")
            side, kind = join.args.get("side") or "", join.args.get("kind") or ""
            if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER"):
                raise Refused(f"{(side or kind).lower()} join is not allowed; {_PERSONS}")
            right = self._relation(join.this, relations)
            on = self._meeting(join.args.get("on"), relations)
            source += f" {'LEFT' if side else 'INNER'} JOIN {right} ON {on}"
        return relations, source

    def _relation(self, node: exp.Expr, relations: list[Relation]) -> str:
        """A table or a select in parentheses as SQL; it is added to the relations."""
        self.relations += 1
        if self.relations > MOST_RELATIONS:
            raise Refused(f"too many tables; at most {MOST_RELATIONS}")
        is_single = False
        if isinstance(node, exp.Subquery):
            _only(node, "a select in parentheses", "this", "alias")
            inner = self.select(node.this)
            name, sql, table, columns = _alias_of(node), f"({inner.sql})", "", inner.columns
            is_single = inner.is_single
            if not name:
                raise Refused("a select in parentheses needs a name: (select …) as x")
        else:
            table = self._table(node)
            columns = {ONE_ID: "integer", **self.tables[table]}
            name, sql = _alias_of(node) or table, f"{ROWS_OF}{table}"
            self.read.add(table)
        if any(one.name.lower() == name.lower() for one in relations):
            raise Refused(f"two tables of the name {name!r}; name them with as")
        relations.append(Relation(name, table, columns, is_single))
        return f"{sql} AS {quoted(name)}"

    def _table(self, node: exp.Expr) -> str:
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise Refused(f"expected from {SCHEMA}.<table>; table functions are not allowed")
        _only(node, "a table", "this", "db", "alias")
        name, schema = node.this.name, node.args.get("db")
        if schema is None or schema.name != SCHEMA:
            raise Refused(f"tables are read as {SCHEMA}.<table>, and no others")
        if name not in self.tables:
            raise Refused(f"unknown table {name!r}{did_you_mean(name, list(self.tables))}")
        return name

    def _meeting(self, node: exp.Expr | None, relations: list[Relation]) -> str:
        """The condition of a join: equal persons, as Spark joins by them, and all else."""
        parts = list(node.flatten()) if isinstance(node, exp.And) else [node] if node else []
        checker = QueryChecker(relations, self.reads, self.messages)
        equal = [part for part in parts if checker.is_meeting_of_persons(part)]
        if not equal:
            raise Refused(_PERSONS)
        *before, last = relations
        is_single = last.is_single or all(one.is_single for one in before)
        if not is_single and not any(checker.is_meeting(p) for p in parts if p not in equal):
            raise Refused(_MULTIPLY)
        rest = [truth(_sound(checker, p)).sql for p in parts if p not in equal]
        pairs = [(_sound(checker, p.this).sql, _sound(checker, p.expression).sql) for p in equal]
        return " AND ".join([*(f"{one} = {other}" for one, other in pairs), *rest])

    def _condition(self, checker: QueryChecker, node: exp.Expr | None, word: str) -> str:
        if node is None:
            return ""
        _only(node, word.lower(), "this")
        checker.may_look_at_many = word == "HAVING"
        return f" {word} {truth(_sound(checker, node.this)).sql}"

    def _key(self, checker: QueryChecker, node: exp.Expr) -> str:
        term = _sound(checker, node)
        if not term.is_column:
            raise Refused("group by takes columns; give a value a name in a select below")
        return term.sql

    def _output(self, checker: QueryChecker, node: exp.Expr) -> tuple[str, ValueType, str]:
        """Name, type and SQL of one column."""
        checker.may_look_at_many = True
        value = node
        if isinstance(node, exp.Alias):
            _only(node, "as", "this", "alias")
            value = node.this
        term = _sound(checker, value)
        name = node.alias if isinstance(node, exp.Alias) else value.name if term.is_column else ""
        if not _NAME.fullmatch(name):
            raise Refused("every value needs a name of letters, digits and _: … as value")
        if name == ONE_ID and not (term.is_column and value.name == ONE_ID):
            raise Refused(f"{ONE_ID} is the person's own, as a table gives it")
        return name, value_type(term), stored(term)


def _grouped(
    source: str, where: str, keys: Mapping[str, str], aggregates: Mapping[str, str]
) -> str:
    """One row per group, its keys and what is known of its rows under names: what a select makes
    of them stands outside, where no engine mixes it up with the rows'."""
    known = {**keys, **aggregates} or {"1": quoted("_k0")}
    listed = ", ".join(f"{sql} AS {name}" for sql, name in known.items())
    by = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {listed} FROM {source}{where}{by}"


def _sound(checker: QueryChecker, node: exp.Expr) -> Term:
    term = checker.term(node)
    if term.type == "unknown":
        raise Refused("")
    return term


def _is_distinct(node: exp.Select) -> bool:
    distinct = node.args.get("distinct")
    _only(distinct, "distinct")
    return distinct is not None


def _alias_of(node: exp.Expr) -> str:
    alias = node.args.get("alias")
    if alias is None:
        return ""
    _only(alias, "as", "this")
    if not _NAME.fullmatch(node.alias):
        raise Refused(f"{node.alias!r} is no name; expected letters, digits and _")
    return str(node.alias)


def _only(node: exp.Expr | None, what: str, *known: str) -> None:
    """Refuses what a node says beyond the parts that are known."""
    if node is None:
        return
    extra = [key for key, value in node.args.items() if value and key not in known]
    if extra:
        raise Refused(f"{what} with {extra[0].strip('_')!r} is not part of the language")
