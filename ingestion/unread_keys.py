"""Keys of records that are there and could not be accepted: their rows are not gone."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.mapping import IntoTable
from ingestion.standards import Standards
from language.aggregates import Aggregate
from language.binding import quoted
from model.engines import Engine, Rows
from model.sql_text import text_literal


def unread_keys(engine: Engine, standard: Rows, standards: Standards) -> Mapping[str, Rows]:
    """The keys that quarantined records show, as far as they do, by table (its key's columns).

    None of datasets that do not arrive whole: there, absence means nothing.
    """
    if standards.dataset.entry.arrives != "full":
        return {}
    return {
        table.table.name: engine.rows(
            f"unread_{table.table.name}", _keys(table, standards), standard=standard
        )
        for table in standards.dataset.tables
        if not any(isinstance(column.value, Aggregate) for column in table.key)
    }


def _keys(table: IntoTable, standards: Standards) -> str:
    sources = {column.name: standards.source(table, column) for column in table.key}
    channel = text_literal(standards.dataset.channel)
    columns = ", ".join(
        f"{sources.get(name, channel)} as {quoted(name)}" for name in table.table.key
    )
    return f"select distinct {columns} from standard where _counts is null and _reasons <> ''"
