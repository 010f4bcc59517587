"""Which canonical table a sample's rows belong in, and which of its columns each field becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ingestion.field_guesses import FieldGuess
from ingestion.field_words import ideas_of, likeness
from ingestion.mapping import FITTING
from model.canonical import CanonicalColumn, CanonicalModel, CanonicalTable
from model.identity_policy import IdentityPolicy

_ALIKE = 0.55  # below, two names are two things
SURE = 0.85  # above, a person need not look
_SHARED_KEY = 3.0  # where most rows share their keys, they are rows of something else
_SPELT_ALIKE = 0.86
NO_KEY = "concat_ws(':', _file, cast(_line as text))"  # where no field names a row
# Codes that mean the same; an enum whose codes are none of these is left to a person.
_SAME_CODES = tuple(map(str.split, (
    "m male man 男 男性", "f female woman 女 女性", "y yes true 1 是", "n no false 0 否",
    "paid pay success successful completed done 已付 已支付 已付款 支付成功 完成",
    "refunded refund returned 退 退款 已退 已退款 退货",
    "cancelled canceled cancel void closed 取消 已取消 作废 关闭",
    "active valid normal 正常 有效", "expired invalid 过期 失效", "frozen locked 冻结",
)))  # fmt: skip


@dataclass(frozen=True)
class FittedColumn:
    """One column of the table and what gives it; `codes` maps the field's values onto its own.

    `doubt` is what a person should look at, empty where there is nothing; an `is_open` one cannot
    be mapped as it is.
    """

    column: str
    expression: str
    field: int | None
    type: str | None = None
    codes: Mapping[str, str] | None = None
    doubt: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class TableFit:
    """A table and its columns in the table's order; `score` says how well the sample fits."""

    table: CanonicalTable
    columns: tuple[FittedColumn, ...]
    score: float
    is_sure: bool = True


def best_fit(
    guesses: Sequence[FieldGuess], names: Sequence[str], model: CanonicalModel,
    policy: IdentityPolicy,
) -> TableFit:
    """The table the fields fit best; `names` are the fields' names in the channel file."""
    fits = [_fit(table, guesses, names, model, policy) for table in model.tables.values()]
    ranked = sorted(fits, key=lambda fit: -fit.score)
    is_sure = len(ranked) == 1 or ranked[0].score > 1.25 * max(ranked[1].score, 0.1)
    return replace(ranked[0], is_sure=is_sure)


def _fit(
    table: CanonicalTable, guesses: Sequence[FieldGuess], names: Sequence[str],
    model: CanonicalModel, policy: IdentityPolicy,
) -> TableFit:  # fmt: skip
    pairs = sorted(
        (
            (-_alike(guess, name, column), n, place)
            for n, guess in enumerate(guesses)
            for place, (name, column) in enumerate(table.columns.items())
            if _may_hold(name, column, guess, table, policy)
        ),
    )  # fmt: skip
    columns = list(table.columns)
    taken: dict[str, tuple[int, float]] = {}
    for minus, n, place in pairs:
        is_free = columns[place] not in taken and n not in {field for field, _ in taken.values()}
        if -minus >= _ALIKE and is_free:
            taken[columns[place]] = (n, -minus)
    score = sum(alike for _, alike in taken.values())
    _take_left(table, guesses, taken, policy)
    keys = [key for key in table.key if key != "channel"]
    found_keys = sum(taken[key][1] > _ALIKE for key in keys if key in taken)
    score += found_keys / max(len(keys), 1) + (table.time in taken)
    if len(keys) == 1 and keys[0] in taken:
        score -= _SHARED_KEY * (1 - guesses[taken[keys[0]][0]].distinct_share)
    score += _of_its_object(table, guesses, model)
    fitted = [_column(table, name, guesses, names, taken) for name in columns]
    return TableFit(table, tuple(each for each in fitted if each), score)


def _alike(guess: FieldGuess, name: str, column: CanonicalColumn) -> float:
    """How alike a field's header and a column's name or titles are, from 0 to 1."""
    header = guess.header.strip().casefold()
    if header in (name, column.title.casefold(), column.title_en.casefold()):
        return 1.0
    meant = ideas_of(guess.header)
    by_ideas = max(likeness(meant, ideas_of(each)) for each in (name, column.title or name))
    if column.pii == "high" and "person_name" in meant and "name" in ideas_of(name):
        return 1.0
    spelt = SequenceMatcher(None, header.replace("_", ""), name.replace("_", "")).ratio()
    return max(0.95 * by_ideas, spelt if spelt >= _SPELT_ALIKE else 0.0)


def _may_hold(
    name: str, column: CanonicalColumn, guess: FieldGuess, table: CanonicalTable,
    policy: IdentityPolicy,
) -> bool:
    """Whether a column may take the field: its type, and no personal value where all may read."""
    is_high = any(policy.kinds[kind].pii == "high" for kind in guess.kinds) or guess.is_personal
    if is_high and column.pii != "high":
        return False
    if guess.kinds and name not in table.key and column.pii != "high":
        return False
    return _type_for(column, guess) is not None


def _type_for(column: CanonicalColumn, guess: FieldGuess) -> str | None:
    """The type the field must be of to fill the column; None where it cannot."""
    fitting = FITTING[column.type]
    if column.type == "text" and "text" in guess.also:
        return guess.type if guess.type == "enum" else "text"  # numbers of things are no amounts
    if guess.type in fitting and not (column.type == "enum" and guess.type != "enum"):
        return guess.type
    return column.type if column.type in guess.also else None


def _take_left(
    table: CanonicalTable, guesses: Sequence[FieldGuess], taken: dict[str, tuple[int, float]],
    policy: IdentityPolicy,
) -> None:  # fmt: skip
    """A key's or time's column that no name matched takes the one field that could be it."""
    keys = [key for key in table.key if key != "channel" and key not in taken]
    wanted = ([table.time] if table.time and table.time not in taken else []) + keys
    for name in wanted:
        column, used = table.columns[name], {field for field, _ in taken.values()}
        free = [
            n for n, guess in enumerate(guesses)
            if n not in used and _may_hold(name, column, guess, table, policy)
        ]  # fmt: skip
        if name == table.time:
            free = [n for n in free if guesses[n].type in ("date", "timestamp")]
        elif table.golden:
            free = [n for n in free if guesses[n].kinds or guesses[n].is_unique]
        else:
            free = [n for n in free if guesses[n].is_unique and guesses[n].type == "text"]
        if free and (name != table.time or len(free) == 1):
            taken[name] = (free[0], _ALIKE)


def _of_its_object(
    table: CanonicalTable, guesses: Sequence[FieldGuess], model: CanonicalModel
) -> float:
    """Rows with identifiers are about people; rows of things are known by the thing's own id."""
    shown = model.objects.get(table.object)
    ids = () if shown is None else (shown.id,) if isinstance(shown.id, str) else shown.id
    is_thing = bool(ids) and set(ids) <= set(table.key)
    has_people = any(guess.kinds for guess in guesses)
    return 0.0 if is_thing != has_people else -1.5


def _column(
    table: CanonicalTable, name: str, guesses: Sequence[FieldGuess], names: Sequence[str],
    taken: Mapping[str, tuple[int, float]],
) -> FittedColumn | None:  # fmt: skip
    column = table.columns[name]
    if name not in taken:
        if name not in table.key:
            return None
        if table.golden or column.type not in ("text", "integer"):
            doubt = "no field of the sample gives it, and the key needs it"
            return FittedColumn(name, "?", None, doubt=doubt, is_open=True)
        is_number = column.type == "integer"
        doubt = "no field names a row: its place does; a file delivered again makes new rows"
        return FittedColumn(name, "_line" if is_number else NO_KEY, None, doubt=doubt)
    n, alike = taken[name]
    doubt = "" if alike >= SURE else f"from the header {guesses[n].header!r}?"
    type_ = _type_for(column, guesses[n])
    if column.type == "enum":
        codes = {code: _code(code, column.values) for code in guesses[n].codes}
        mapped = {code: canonical for code, canonical in codes.items() if canonical}
        if len(mapped) < len(codes):
            doubt = f"map its values onto {', '.join(column.values)}"
            return FittedColumn(name, names[n], n, type_, None, doubt, is_open=True)
        return FittedColumn(name, names[n], n, type_, mapped, doubt)
    return FittedColumn(name, names[n], n, type_, None, doubt)


def _code(code: str, values: Sequence[str]) -> str:
    """The canonical value a code stands for; empty where that is not known."""
    plain = code.casefold().strip().replace(" ", "_").replace("-", "_")
    if plain in values:
        return plain
    same = {word for words in _SAME_CODES if plain in words for word in words}
    return next((value for value in values if value in same), "")
