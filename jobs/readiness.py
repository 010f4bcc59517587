"""`onefold ready`: whether everything a night needs has arrived; no Spark, no file is opened."""

from __future__ import annotations

import sys

from ingestion.arrivals import ArrivedFile, found_files, moved
from ingestion.planning import missing_paths
from jobs.common_arguments import Common
from jobs.file_plans import datasets_of, refuse_growing, settled_by_ns
from jobs.nights import business_date
from model.errors import InputMissingError


def ready(given: Common, date_text: str) -> None:
    """InputMissingError (exit 4) with all that is missing or still arriving; else one line.

    A required dataset has arrived when it has a file of the date, each with its marker where the
    dataset sends one, and none of its files moves between two looks.
    """
    definitions = given.definitions()
    day, root = business_date(date_text, definitions.project), definitions.project.landing_root
    by = settled_by_ns(definitions)
    missing: list[str] = []
    growing: list[str] = []
    whole: list[ArrivedFile] = []
    for channel, dataset in datasets_of(definitions):
        found = found_files(root, channel, dataset, day, by)
        if dataset.entry.required:
            missing += missing_paths(found, day, dataset)
        growing += [file.path for file in found if file.waiting == "growing"]
        whole += [file for file in found if not file.waiting]
    if missing:
        also = f"; still arriving: {', '.join(growing)}" if growing else ""
        raise InputMissingError(f"{day} is not ready; missing: {', '.join(missing)}{also}")
    refuse_growing([*growing, *moved(root, whole)])
    sys.stdout.write(f"{day} 已就绪 is ready\n")
