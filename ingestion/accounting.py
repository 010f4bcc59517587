"""The proof that no line is lost: lines = header + blank + accepted + duplicates + quarantined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ingestion.channels import Dataset
from ingestion.planning import PlannedFile
from model.engines import Engine, Rows
from model.errors import OnefoldError


class AccountingError(OnefoldError):
    """Lines of a file went missing or came twice: a fault of the program, never of the data."""


@dataclass(frozen=True)
class FileAccount:
    """What became of one file's parsed records; all zero where it was refused."""

    lines: int = 0
    header: int = 0
    blank: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    late: int = 0
    repaired: Mapping[str, int] = field(default_factory=dict)
    refused_identifiers: Mapping[str, int] = field(default_factory=dict)

    def prove(self, path: str) -> None:
        """Raises AccountingError unless every parsed record went to exactly one place."""
        told = self.header + self.blank + self.accepted + self.duplicates + self.quarantined
        if self.lines != told:
            raise AccountingError(
                f"{path}: {self.lines} records were read, {told} are accounted for; "
                "nothing of this night may be published"
            )


def file_accounts(
    engine: Engine, standard: Rows, duplicated: Rows | None, is_late: str = "false"
) -> dict[int, FileAccount]:
    """The account of every file that was read, by its number.

    `standard` is the standardised frame with its rows of counts; `is_late` is SQL over a record of
    it. The driver receives a few rows a file, whatever the number of records.
    """
    counted = engine.rows("counts_of_files", f"""
        select _number, cast(sum(_counts.lines) as bigint) as lines,
               cast(sum(_counts.header) as bigint) as header,
               cast(sum(_counts.blank) as bigint) as blank,
               count(case when _counts is null then 1 end) as data,
               count(case when _counts is null and _reasons <> '' then 1 end) as quarantined,
               count(case when _counts is null and _reasons = '' and {is_late} then 1 end) as late,
               coalesce(cast(sum(_trims) as bigint), 0) as trim,
               coalesce(cast(sum(_widths) as bigint), 0) as half_width
        from standard group by _number
    """, standard=standard)  # fmt: skip
    codes = engine.rows("refused_identifiers", """
        select _number, code, count(*) as times
        from (select _number, explode(split(_refused, ',')) as code
              from standard where _refused <> '') as told
        group by _number, code
    """, standard=standard)  # fmt: skip
    refused: dict[int, dict[str, int]] = {}
    for row in engine.arrow(codes).to_pylist():
        refused.setdefault(row["_number"], {})[row["code"]] = row["times"]
    doubled = _doubled(engine, duplicated)
    return {
        row["_number"]: FileAccount(
            lines=row["lines"], header=row["header"], blank=row["blank"],
            accepted=row["data"] - row["quarantined"] - doubled.get(row["_number"], 0),
            duplicates=doubled.get(row["_number"], 0), quarantined=row["quarantined"],
            late=row["late"],
            repaired={rule: row[rule] for rule in ("half_width", "trim") if row[rule]},
            refused_identifiers=dict(sorted(refused.get(row["_number"], {}).items())),
        )
        for row in engine.arrow(counted).to_pylist()
    }  # fmt: skip


def _doubled(engine: Engine, duplicated: Rows | None) -> dict[int, int]:
    if duplicated is None:
        return {}
    found = engine.rows(
        "duplicates_of_files",
        "select _number, count(*) as times from duplicated group by _number",
        duplicated=duplicated,
    )
    return {row["_number"]: row["times"] for row in engine.arrow(found).to_pylist()}


def file_records(
    dataset: Dataset, business_date: date, accounts: Sequence[tuple[PlannedFile, FileAccount]]
) -> tuple[tuple[object, ...], ...]:
    """The night's records of ops.files for one dataset (contract FILES), each account proven."""
    records = []
    for file, account in accounts:
        account.prove(file.path)
        records.append((
            business_date, dataset.channel, dataset.name, file.path, file.path_date, file.sha256,
            file.byte_count, file.generation, "refused" if file.refusal else file.state,
            file.refusal, account.lines, account.header, account.blank, account.accepted,
            account.duplicates, account.quarantined, dict(account.repaired),
            dict(account.refused_identifiers), account.late, list(file.header) or None,
        ))  # fmt: skip
    return tuple(records)


def told_records(
    dataset: Dataset, business_date: date, files: Sequence[PlannedFile]
) -> tuple[tuple[object, ...], ...]:
    """The night's records of ops.files of files that it did not read: their counts are 0."""
    return tuple(
        (business_date, dataset.channel, dataset.name, file.path, file.path_date, file.sha256,
         file.byte_count, file.generation, file.state, file.reason, 0, 0, 0, 0, 0, 0, {}, {}, 0,
         None)
        for file in files
    )  # fmt: skip
