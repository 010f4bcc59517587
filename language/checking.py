"""Syntax tree to checked term: every node type is on the list below, or it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from language import operators
from language.binding import quoted
from language.functions import FUNCTIONS, INSTEAD, call, chosen
from language.literals import converted, number_term, text_term
from language.syntax import IS_RANGE, Refused, parse_tree
from language.terms import MISSING, UNKNOWN, Term, as_day, dated_literal
from language.types import TYPE_WORDS, Columns
from model.errors import did_you_mean

_COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}
_ARITHMETIC: Mapping[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}
_ABSENCE = "use `x is missing` or `x is not missing`, the only tests of absence"


def is_word(node: exp.Expr, word: str) -> bool:
    """Whether a node is this bare word, without quotes."""
    return (
        isinstance(node, exp.Column)
        and isinstance(node.this, exp.Identifier)
        and not node.this.quoted
        and node.name.lower() == word
    )


class Checker:
    """Checks one text against the columns it may read; `messages` holds every problem found."""

    def __init__(self, columns: Columns, aggregates: frozenset[str] = frozenset()) -> None:
        self.columns = columns
        self.aggregates = aggregates
        self.messages: list[str] = []

    def check(self, text: str) -> Term:
        """The term of a text; UNKNOWN where it has a problem."""
        try:
            return self.term(parse_tree(text))
        except Refused as refusal:
            self.messages.append(str(refusal))
        except RecursionError:
            # How deep Python may go depends on the caller; the bounds of syntax.py leave it room.
            self.messages.append("nested too deeply")
        return UNKNOWN

    def term(self, node: exp.Expr, may_be_missing: bool = False) -> Term:
        """The term of a node; a problem is noted once, where it stands."""
        if may_be_missing and (isinstance(node, exp.Null) or is_word(node, "missing")):
            return MISSING
        try:
            term = self._checked(node)
        except Refused as refusal:
            if str(refusal):
                self.messages.append(str(refusal))
            return UNKNOWN
        return term

    def operands(self, *nodes: exp.Expr, may_be_missing: bool = False) -> list[Term]:
        """The terms of several nodes, all sound."""
        terms = [self.term(node, may_be_missing) for node in nodes]
        if any(term.type == "unknown" for term in terms):
            raise Refused("")
        return terms

    def _checked(self, node: exp.Expr) -> Term:
        rule = _RULES.get(type(node))
        if rule is None:
            raise Refused(f"{_described(node)} is not part of the language")
        method, arguments = rule
        extra = [key for key, value in node.args.items() if value and key not in arguments]
        if extra:
            raise Refused(f"{_described(node)} with {extra[0]!r} is not part of the language")
        return method(self, node)

    def _column(self, node: exp.Expr) -> Term:
        name = node.name
        if is_word(node, "missing"):
            raise Refused(f"'missing' is no value; {_ABSENCE}")
        if name not in self.columns or "${" in name:
            instead = INSTEAD.get(name.lower())
            hint = f"; {instead}" if instead else did_you_mean(name, list(self.columns))
            raise Refused(f"unknown column {name!r}{hint}")
        return Term(quoted(name), self.columns[name], frozenset([name]), is_column=True)

    def _literal(self, node: exp.Expr) -> Term:
        value = str(node.this)
        return text_term(value) if node.args["is_string"] else number_term(value)

    def _boolean(self, node: exp.Expr) -> Term:
        return Term("true" if node.this else "false", "bool", never_missing=True)

    def _null(self, node: exp.Expr) -> Term:
        raise Refused(f"null is no value here; {_ABSENCE}")

    def _paren(self, node: exp.Expr) -> Term:
        return self.operands(node.this)[0]

    def _negative(self, node: exp.Expr) -> Term:
        return operators.negative(*self.operands(node.this))

    def _arithmetic(self, node: exp.Expr) -> Term:
        left, right = self.operands(node.this, node.expression)
        return operators.arithmetic(left, _ARITHMETIC[type(node)], right)

    def _comparison(self, node: exp.Expr) -> Term:
        left, right = self.operands(node.this, node.expression)
        return operators.compared(left, _COMPARISONS[type(node)], right)

    def _and(self, node: exp.Expr) -> Term:
        left, right = self.operands(node.this, node.expression)
        return operators.joined(left, "AND", right)

    def _or(self, node: exp.Expr) -> Term:
        left, right = self.operands(node.this, node.expression)
        return operators.joined(left, "OR", right)

    def _not(self, node: exp.Expr) -> Term:
        inner = node.this
        if isinstance(inner, exp.Is):
            return self._is(inner, negate=True)
        if node.meta.get(IS_RANGE):
            return self._ranges(inner, negate="NOT ")
        return operators.complement(*self.operands(inner))

    def _is(self, node: exp.Expr, negate: bool = False) -> Term:
        if isinstance(node.expression, exp.Boolean):
            raise Refused("'is true' is not needed; write the column's name, or not and the name")
        if not is_word(node.expression, "missing"):
            raise Refused(_ABSENCE)
        return operators.is_missing(self.operands(node.this)[0], negate)

    def _ranges(self, node: exp.Expr, negate: str = "") -> Term:
        if isinstance(node, exp.Between) and not node.args.get("symmetric"):
            value, low, high = self.operands(node.this, node.args["low"], node.args["high"])
            return operators.between(value, low, high, f"{negate}BETWEEN")
        if isinstance(node, exp.Like):
            value, pattern = self.operands(node.this, node.expression)
            return operators.like(value, pattern, f"{negate}LIKE")
        if isinstance(node, exp.In) and set(node.args) == {"this", "expressions"}:
            value, *values = self.operands(node.this, *node.expressions)
            if not values:
                raise Refused("in () needs at least one value")
            return operators.among(value, values, f"{negate}IN")
        raise Refused("after in, write the values in parentheses: in ('a', 'b')")

    def _case(self, node: exp.Expr) -> Term:
        branches = []
        subject = self.operands(node.this) if node.this else []
        for branch in node.args["ifs"]:
            (condition,) = self.operands(branch.this)
            (value,) = self.operands(branch.args["true"], may_be_missing=True)
            if subject:
                condition = operators.compared(subject[0], "=", condition)
            branches.append((condition, value))
        default = node.args.get("default")
        otherwise = self.operands(default, may_be_missing=True)[0] if default else MISSING
        return chosen(branches, otherwise)

    def _concat(self, node: exp.Expr) -> Term:
        return call("concat", self.operands(node.this, node.expression))

    def _dated(self, node: exp.Expr) -> Term:
        kind = node.args["to"].this
        if isinstance(node.this, exp.Literal) and node.this.is_string:
            if kind == exp.DType.DATE:
                return as_day(text_term(node.this.this))
            if kind == exp.DType.TIMESTAMPTZ:
                return dated_literal(text_term(node.this.this))
        raise Refused("write cast(x as integer), or date and a text such as '2017-03-01'")

    def _function(self, node: exp.Expr) -> Term:
        if not isinstance(node.this, str):
            raise Refused("a function's name stands without quotes")
        name = node.this.lower()
        if name == "cast":
            return self._cast(node)
        if name in self.aggregates:
            raise Refused(f"{name}() looks at many rows; it may only stand alone, as a measure")
        if name not in FUNCTIONS:
            instead = INSTEAD.get(name)
            hint = f"; {instead}" if instead else did_you_mean(name, list(FUNCTIONS))
            raise Refused(f"unknown function {name}(){hint}")
        arguments = node.expressions
        if name == "if":
            condition = self.operands(*arguments[:1])
            return call(name, [*condition, *self.operands(*arguments[1:], may_be_missing=True)])
        return call(name, self.operands(*arguments))

    def _cast(self, node: exp.Expr) -> Term:
        argument = node.expressions[0] if len(node.expressions) == 1 else None
        if not isinstance(argument, exp.Alias):
            raise Refused("write cast(x as integer)")
        word = argument.alias.lower()
        if word not in TYPE_WORDS:
            raise Refused(f"cast: unknown type {word!r}{did_you_mean(word, list(TYPE_WORDS))}")
        return converted(self.operands(argument.this)[0], word)


def _described(node: exp.Expr) -> str:
    return _WORDS.get(type(node), type(node).__name__.lower())


_WORDS: Mapping[type[exp.Expr], str] = {
    exp.Alias: "a name after a value (or two values side by side)",
    exp.Subquery: "a subquery", exp.Select: "a subquery", exp.Exists: "a subquery",
    exp.Window: "a window function", exp.Star: "*", exp.Tuple: "a list of values",
    exp.Placeholder: "a placeholder", exp.Lambda: "a lambda", exp.Bracket: "[ ]",
    exp.IntDiv: "div (use floor(x / y))", exp.RegexpLike: "rlike (use like)",
    exp.ILike: "ilike (use lower(x) like)", exp.NullSafeEQ: f"<=> ({_ABSENCE})",
    exp.Distinct: "distinct (the count of different values is distinct(x))",
    exp.Concat: "a text beside a text (use concat)", exp.Interval: "interval (use date_add)",
    exp.Escape: "escape (\\ is the escape)",
}
_Rule = tuple[Callable[[Checker, exp.Expr], Term], frozenset[str]]


def _rule(method: Callable[..., Term], *arguments: str) -> _Rule:
    return method, frozenset(arguments)


_RULES: Mapping[type[exp.Expr], _Rule] = {
    exp.Column: _rule(Checker._column, "this"),
    exp.Literal: _rule(Checker._literal, "this", "is_string"),
    exp.Boolean: _rule(Checker._boolean, "this"),
    exp.Null: _rule(Checker._null),
    exp.Paren: _rule(Checker._paren, "this"),
    exp.Neg: _rule(Checker._negative, "this"),
    **{kind: _rule(Checker._arithmetic, "this", "expression", "safe") for kind in _ARITHMETIC},
    **{kind: _rule(Checker._comparison, "this", "expression") for kind in _COMPARISONS},
    exp.And: _rule(Checker._and, "this", "expression"),
    exp.Or: _rule(Checker._or, "this", "expression"),
    exp.Not: _rule(Checker._not, "this"),
    exp.Is: _rule(Checker._is, "this", "expression"),
    exp.Between: _rule(Checker._ranges, "this", "low", "high"),
    exp.In: _rule(Checker._ranges, "this", "expressions"),
    exp.Like: _rule(Checker._ranges, "this", "expression"),
    exp.Case: _rule(Checker._case, "this", "ifs", "default"),
    exp.DPipe: _rule(Checker._concat, "this", "expression", "safe"),
    exp.Cast: _rule(Checker._dated, "this", "to"),
    exp.Anonymous: _rule(Checker._function, "this", "expressions"),
}
