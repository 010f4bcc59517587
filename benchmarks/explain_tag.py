"""Whether and how fast tags are explained: `python -m benchmarks.explain_tag FOLDER [COUNT]`.

FOLDER is a project with a published night, the demo's say. COUNT (500) persons and computed tags,
drawn by a seed, are explained as `onefold explain tag` does; printed are how many stored values
were made again and the seconds of an answer, the start of a process aside. Exits with 1 where a
value was not made again, and names its tag.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from jobs.definitions import load_definitions
from jobs.night import key_of
from jobs.published_tags import PublishedTags, published_tags
from jobs.questions import published_or_refused
from jobs.tag_explanation import EQUAL, explained
from jobs.tag_words import TagAsked, told_of
from tags.definitions import COMPUTED, PERSON
from tags.night import ONE_ID

_SEED = 20261127


def main(argv: list[str]) -> None:
    """Explains tags of persons drawn by chance; prints verdicts and seconds."""
    folder, count = Path(argv[0]), int(argv[1]) if len(argv) > 1 else 500
    definitions = load_definitions(folder, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    seconds: list[float] = []
    verdicts: Counter[str] = Counter()
    with published_tags(definitions, night, key_of(definitions.project)) as known:
        persons, tags = _persons_and_tags(known)
        drawn = random.Random(_SEED)
        for _ in range(count):
            one_id, tag = drawn.choice(persons), drawn.choice(tags)
            began = time.monotonic()
            found = explained(TagAsked(known, one_id, {ONE_ID: one_id}, told_of(known, tag)))
            seconds.append(time.monotonic() - began)
            verdicts[found.verdict] += 1
            if found.verdict != EQUAL:
                print(f"{tag} of OneID {one_id}: {found.verdict} {found.why_not}")
    print(f"{len(persons):,} persons, {len(tags)} tags, {count} explained: {dict(verdicts)}")
    print(f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    raise SystemExit(verdicts[EQUAL] != count)


def _persons_and_tags(known: PublishedTags) -> tuple[list[int], list[str]]:
    persons = known.engine.arrow(known.persons)[ONE_ID].to_pylist()
    tags = {
        row["tag"] for row in known.catalog.values()
        if row["object"] == PERSON and row["status"] in COMPUTED
    }  # fmt: skip
    return sorted(persons), sorted(tags)


if __name__ == "__main__":
    main(sys.argv[1:])
