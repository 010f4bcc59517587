"""What the quality gate asks of a dataset's records, counted in the standardised frame."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from ingestion.channels import Dataset
from ingestion.planning import PlannedFile
from ingestion.standards import Standards
from language.binding import quoted
from model.engines import Engine, Rows
from model.identity_policy import IdentityPolicy
from model.slice_counts import SliceCounts, SliceQuestions, count_slice
from model.sql_text import text_literal


def hidden_fields(dataset: Dataset, policy: IdentityPolicy) -> frozenset[str]:
    """The high-pii fields: no frame holds their values."""
    high = {slot.field for slot in dataset.slots if policy.kinds[slot.kind].pii == "high"}
    return frozenset(high).union(*(table.high_fields for table in dataset.tables))


def untold_fields(dataset: Dataset, policy: IdentityPolicy) -> frozenset[str]:
    """The high-pii fields without a token of their own, whose values nothing tells apart."""
    told = {slot.field for slot in dataset.slots} | {
        column.field for table in dataset.tables for column in table.columns if column.is_high
    }
    return hidden_fields(dataset, policy) - told


def check_counts(
    engine: Engine, standard: Rows, files: Sequence[PlannedFile], standards: Standards
) -> SliceCounts | None:
    """The gate's counts over the accepted records of a dataset, duplicates among them, and over
    those that a check put into quarantine; None where nothing is asked.

    An identifier is there where it is well-formed.
    """
    checks = standards.checks
    if not checks.questions.aggregates:
        return None
    fields = "".join(f", {_told(standards, name)} as {quoted(name)}" for name in checks.fields)
    accepted = engine.rows("accepted_records", f"""
        select _number{fields} from standard where _counts is null and _reasons = ''
    """, standard=standard)  # fmt: skip

    def path(number: object) -> str:
        return files[cast(int, number)].path

    found = count_slice(engine, "checks", accepted, checks.questions, "_number", path)
    if not checks.faults:
        return found
    refused = engine.rows("refused_records", """
        select _number, ',' || _reasons || ',' as codes from standard
        where _counts is null and _reasons <> ''
    """, standard=standard)  # fmt: skip
    codes = {name: text_literal(f",{code},") for name, (code, _) in checks.faults.items()}
    questions = SliceQuestions(
        {name: f"count(case when instr(codes, {c}) > 0 then 1 end)" for name, c in codes.items()},
        {name: (name, Decimal(0)) for name in codes},
    )
    taken_out = count_slice(engine, "quarantining_checks", refused, questions, "_number", path)
    return SliceCounts(
        {**found.counts, **taken_out.counts}, {**found.files, **taken_out.files}, found.categories
    )


def _told(standards: Standards, name: str) -> str:
    """SQL over the standardised frame that tells whether a field has a value and which are the
    same: the value itself, or for high pii its token, or at least that it is there."""
    if name in standards.checks.untold:
        return f"case when _has_{name} then 'there' end"
    if name in standards.readable_fields:
        return quoted(name)
    return f"coalesce({', '.join(standards.told_by(name))})"
