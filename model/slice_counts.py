"""Counts over a slice of rows, all in one aggregate: what the quality gate knows of a night's rows.

The questions are SQL that both engines read alike (model.engines), over the names of the rows'
columns. Only counts come back; the rows stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from model.engines import Engine, Rows, hash_of
from model.sql_text import text_literal

FILES_NAMED = 3
CATEGORIES_KEPT = 50  # of one column: the commonest; what is rarer is told apart by nobody


@dataclass(frozen=True)
class SliceQuestions:
    """What to count: aggregates by name, and the columns whose commonest values are counted.

    `keys` are columns of which the different combinations are counted (missing equals missing).
    `failures` names those aggregates whose files are told where they count more than a share of
    another one: (its name, the share).
    """

    aggregates: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, tuple[str, Decimal]] = field(default_factory=dict)
    categories: Sequence[str] = ()
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordChecks:
    """What the gate asks of a dataset's records, as SQL over its typed fields.

    `questions` are asked of the accepted records and read `fields`, of `untold` ones only whether
    they are there; `faults` put records into quarantine: a reason code and what is true of such a
    record, by the name they are counted under.
    """

    questions: SliceQuestions = field(default_factory=SliceQuestions)
    fields: Sequence[str] = ()
    untold: Sequence[str] = ()
    faults: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def presence(self) -> dict[str, str]:
        """The columns of records that tell whether `untold` fields have a value, and these."""
        return {f"_has_{name}": name for name in self.untold}


NO_CHECKS = RecordChecks()


@dataclass(frozen=True)
class SliceCounts:
    """The answers: counts by name, files with most failures, rows by category (nulls and blanks
    left out).

    Of a dataset also how many records are `repeated` (a newer one of the night has their key), and
    by kind of identifier how many sets of identifiers show it and how many its `commonest` value.
    """

    counts: Mapping[str, int]
    files: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    categories: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    repeated: int | None = None
    commonest: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def count_slice(
    engine: Engine, step: str, rows: Rows, questions: SliceQuestions, file_column: str = "",
    file_name: Callable[[object], str] = str,
) -> SliceCounts:  # fmt: skip
    """The answers of one pass over the rows; others where keys are counted, files of failures are
    wanted, or categories. `file_column` "": nobody knows the files."""
    if not questions.aggregates:
        return SliceCounts({})
    aggregates = ", ".join(f"{sql} as {name}" for name, sql in questions.aggregates.items())
    row = engine.one_row(step, f"select {aggregates} from slice", slice=rows)
    counts = {name: int(count or 0) for name, count in row.items()}
    if questions.keys:
        told = engine.one_row("rows", "select count(*) as row_count from slice", slice=rows)
        counts |= {
            name: _different(engine, f"{step}_{name}", rows, columns, told["row_count"])
            for name, columns in questions.keys.items()
        }
    failing = [
        name
        for name, (judged, share) in sorted(questions.failures.items())
        if counts[name] > share * counts[judged]
    ]
    files = _files(engine, rows, questions, failing, file_column) if file_column else {}
    named = {
        name: tuple((file_name(file), count) for file, count in found)
        for name, found in files.items()
    }
    return SliceCounts(counts, named, _categories(engine, rows, questions.categories))


def _different(
    engine: Engine, step: str, rows: Rows, columns: Sequence[str], row_count: int
) -> int:
    """How many different combinations of the columns' values there are in so many rows.

    Only rows whose hash comes again are told apart by their values.
    """
    again = engine.recurring(f"{step}_hashes", rows, columns)
    names = ", ".join(f"`{name}`" for name in columns)
    told = engine.one_row(step, f"""
        with those as (
            select {names} from slice where {hash_of(columns)} in (select hashed from again)
        )
        select (select count(*) from those) as doubtful,
            (select count(*) from (select distinct {names} from those) as once) as different
    """, slice=rows, again=again)  # fmt: skip
    return row_count - int(told["doubtful"]) + int(told["different"])


def _files(
    engine: Engine, rows: Rows, questions: SliceQuestions, failing: Sequence[str], file_column: str
) -> dict[str, list[tuple[object, int]]]:
    """The few files with most failures, by the name of the aggregate that counts them."""
    if not failing:
        return {}
    counts = ", ".join(f"{questions.aggregates[name]} as {name}" for name in failing)
    found = engine.rows("files_of_failures", f"""
        select {file_column} as file, {counts} from slice group by {file_column}
    """, slice=rows)  # fmt: skip
    told = engine.arrow(found).to_pylist()
    return {
        name: [
            (row["file"], row[name])
            for row in sorted(told, key=lambda row: (-row[name], str(row["file"])))[:FILES_NAMED]
            if row[name]
        ]
        for name in failing
    }


def _categories(
    engine: Engine, rows: Rows, columns: Sequence[str]
) -> dict[str, dict[str, int]]:
    if not columns:
        return {}
    each = " union all ".join(
        f"select {text_literal(name)} as name, cast(`{name}` as string) as category, "
        f"count(*) as times from slice where trim(cast(`{name}` as string)) <> '' group by `{name}`"
        for name in columns
    )
    found = engine.rows("categories", f"""
        select name, category, times from (
            select name, category, times, row_number() over (
                partition by name order by times desc, category
            ) as place from ({each}) as counted
        ) as placed where place <= {CATEGORIES_KEPT}
    """, slice=rows)  # fmt: skip
    categories: dict[str, dict[str, int]] = {name: {} for name in columns}
    for row in sorted(engine.arrow(found).to_pylist(), key=lambda row: row["category"]):
        categories[row["name"]][row["category"]] = row["times"]
    return categories
