"""Every reason code of ingestion, in one place: of files, of records and of fields.

docs/reason-codes.md says what each means and what to do (a test holds the two equal). Codes of
identifiers are the rules of identity.normalise.
"""

from __future__ import annotations

from typing import Literal

from model.errors import OnefoldError

# A file is refused whole; the codes of columns go on with `:<field>`.
FileReason = Literal[
    "outside_landing_root",
    "unsupported_container",
    "not_gzip", "truncated_gzip", "broken_gzip",
    "not_bz2", "truncated_bz2", "broken_bz2",
    "not_zst", "truncated_zst", "broken_zst",
    "not_parquet", "broken_parquet",
    "not_xlsx", "broken_xlsx", "missing_sheet", "workbook_too_large",
    "expansion_ratio",
    "encoding",
    "line_too_long",
    "broken_json",
    "empty",
    "broken_header", "no_known_column", "missing_column", "duplicate_column",
]  # fmt: skip

# A record goes to quarantine without values.
RecordReason = Literal[
    "short_row", "long_row",
    "broken_quote",
    "nul",
    "bad_json", "not_an_object", "duplicate_key", "nested_value", "bad_unicode",
    "unsupported_type",
    "formula_without_value", "cell_error",
]  # fmt: skip

# A field's value cannot be accepted: `<field>:<code>`; the record goes to quarantine.
FieldReason = Literal[
    "missing",
    "not_an_integer", "not_a_number", "too_precise", "out_of_range",
    "not_a_date", "not_a_time", "not_a_bool",
    "unknown_value", "pattern",
    "ill_formed",
]  # fmt: skip


class FileRefusedError(OnefoldError):
    """A file that cannot be read as a whole; `field` where one of its columns is why."""

    def __init__(self, reason: FileReason, field: str = "") -> None:
        self.code = f"{reason}:{field}" if field else reason
        super().__init__(f"the file is refused: {self.code}; docs/reason-codes.md says what to do")
