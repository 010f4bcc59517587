"""Expressions inside a query: columns of several tables, markers, functions of many rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from language.binding import quoted
from language.checking import Checker, is_word
from language.query_functions import COUNT_DISTINCT, ROW_FUNCTIONS, count_rows
from language.syntax import MARKERS, Refused
from language.terms import Term
from language.types import Columns
from model.errors import did_you_mean

ONE_ID = "one_id"


@dataclass(frozen=True)
class Relation:
    """Something that stands in a `from`: `table` is its name by_person, empty for a select.

    `is_single`: it has one row per person at most.
    """

    name: str
    table: str
    columns: Columns
    is_single: bool = False


class QueryChecker(Checker):
    """Checks the expressions of one select; what they read is added to `reads`, and what is wrong
    with them to `messages`.

    `keys` are the names of the columns grouped by, by their SQL, None where rows are not grouped;
    `measured` those of what is known of a group's rows.
    """

    def __init__(
        self, relations: Sequence[Relation], reads: set[tuple[str, str]], messages: list[str]
    ) -> None:
        super().__init__({})
        self.messages = messages
        self.relations = relations
        self.reads = reads
        self.keys: Mapping[str, str] | None = None
        self.measured: dict[str, str] = {}
        self.may_look_at_many = False
        self._is_inside = False

    def is_meeting(self, node: exp.Expr) -> bool:
        """Whether it holds a column of the last relation equal to one of a relation before it."""
        if not isinstance(node, exp.EQ):
            return False
        sides = (node.this, node.expression)
        if not all(isinstance(side, exp.Column) and side.name not in MARKERS for side in sides):
            return False
        names = {self._found(side).name for side in sides}
        return len(names) > 1 and self.relations[-1].name in names

    def is_meeting_of_persons(self, node: exp.Expr) -> bool:
        """Whether it holds the person of the last relation equal to that of one before it."""
        return self.is_meeting(node) and node.this.name == node.expression.name == ONE_ID

    def _checked(self, node: exp.Expr) -> Term:
        if isinstance(node, exp.Column):
            return self._column_of(node)
        if isinstance(node, exp.Anonymous) and _called(node) in ROW_FUNCTIONS:
            return self._over_rows(node)
        return super()._checked(node)

    def _column_of(self, node: exp.Column) -> Term:
        if node.name in MARKERS and not node.table:
            return Term(node.name, "date", never_missing=True)
        if is_word(node, "missing") or not isinstance(node.this, exp.Identifier):
            return super()._checked(node)
        relation = self._found(node)
        name = node.name
        sql = f"{quoted(relation.name)}.{quoted(name)}"
        if self.keys is not None and not self._is_inside and sql not in self.keys:
            raise Refused(f"{name!r} must be in group by, or inside count(), sum() or the like")
        if relation.table and name != ONE_ID:
            self.reads.add((relation.table, name))
        if self.keys is not None and not self._is_inside:
            sql = self.keys[sql]
        return Term(sql, relation.columns[name], frozenset([name]), is_column=True)

    def _found(self, node: exp.Expr) -> Relation:
        """The relation whose column a name is."""
        extra = [key for key, value in node.args.items() if value and key not in ("this", "table")]
        if extra:
            raise Refused("a column is written as x or t.x, t being a table of this select")
        table, name = node.args.get("table"), node.name
        near = [one for one in self.relations if table is None or one.name == table.name]
        if table is not None and not near:
            known = [one.name for one in self.relations]
            raise Refused(f"unknown table {table.name!r}{did_you_mean(table.name, known)}")
        having = [one for one in near if name in one.columns]
        if len(having) > 1:
            both = " and ".join(one.name for one in having)
            raise Refused(f"{name!r} is a column of {both}; write {having[0].name}.{name}")
        if not having:
            known = sorted({column for one in near for column in one.columns})
            raise Refused(f"unknown column {name!r}{did_you_mean(name, known)}")
        return having[0]

    def _taken(self, sql: str) -> str:
        return self.measured.setdefault(sql, quoted(f"_a{len(self.measured)}"))

    def _over_rows(self, node: exp.Anonymous) -> Term:
        name, arguments = _called(node), node.expressions
        if not self.may_look_at_many or self._is_inside:
            raise Refused(f"{name}() looks at many rows; it stands after select or having only")
        if len(arguments) != 1:
            raise Refused(f"{name}() takes one value; found {len(arguments)}")
        (argument,) = arguments
        if name == "count" and isinstance(argument, exp.Star) and not any(argument.args.values()):
            return count_rows(self._taken)
        if name == "count" and isinstance(argument, exp.Distinct):
            name, inner = COUNT_DISTINCT, argument.expressions
            if len(inner) != 1 or argument.args.get("on"):
                raise Refused("count(distinct x) takes one value")
            (argument,) = inner
        self._is_inside = True
        try:
            (term,) = self.operands(argument)
        finally:
            self._is_inside = False
        try:
            return ROW_FUNCTIONS[name](term, self._taken)
        except Refused as refusal:
            raise Refused(f"{name}(): {refusal}") from None


def is_many_rows(node: exp.Expr | None) -> bool:
    """Whether a function of many rows stands anywhere in an expression."""
    calls: Iterable[exp.Anonymous] = node.find_all(exp.Anonymous) if node is not None else ()
    return any(_called(call) in ROW_FUNCTIONS for call in calls)


def _called(node: exp.Anonymous) -> str:
    """The function's name; empty where it stands in quotes."""
    return node.this.lower() if isinstance(node.this, str) else ""
