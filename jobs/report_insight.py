"""Stage 4: how the tags are spread, and the night's report as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from insight.distributions import distributions
from insight.report import render_report
from jobs.night import Night
from jobs.report_rows import report_data
from jobs.tag_rolls import wide_rows
from lake.files import write_text
from model.contracts import TableContract
from model.engines import SparkEngine
from model.fixed_tables import DISTRIBUTIONS, INSIGHT_TABLES
from tags.catalog import catalog_rows
from tags.definitions import PERSON
from tags.wide_tables import columns_by_table

NAME = "report_insight"


def run(night: Night) -> None:
    """Writes insight.distributions of D and `reports/<D>.html` under the lake's root."""
    lake, day = night.lake, night.business_date
    k = night.project.settings.privacy.k
    book = night.definitions.tags
    tables = columns_by_table(book)
    with SparkEngine(lake.spark) as engine:
        rows = wide_rows(night, engine, book.subjects[PERSON], tables, day)
        spread = distributions(engine.frame(rows), catalog_rows(book), k, day)
    lake.replace_slice(DISTRIBUTIONS, spread, day)
    write_text(lake.root, report_place(night), render_report(report_data(night)))


def report_place(night: Night) -> str:
    """Where the night's page lies under the lake's root."""
    return f"reports/{night.business_date}.html"


def tables(night: Night) -> Sequence[TableContract]:
    """The tables this stage writes."""
    return INSIGHT_TABLES


if __name__ == "__main__":
    from jobs.command_line import submit

    submit("run", "--only", NAME)
