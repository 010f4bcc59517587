"""Five hundred cells of the demo's tags, drawn by chance, are made again from its lake's rows."""

from __future__ import annotations

import random

import pytest

from jobs.definitions import load_definitions
from jobs.published_tags import one_row, published_tags
from jobs.questions import published_or_refused
from jobs.rederived_tags import differing, rederived
from privacy.tokens import load_key
from tests.examples.conftest import ROOT, Demo

PERSONS, TAGS = 6, 84


@pytest.mark.slow
def test_what_the_night_stored_is_made_again(demo: Demo) -> None:
    definitions = load_definitions(ROOT, "local", [f"lake.root={demo.lake}"])
    night = published_or_refused(str(demo.lake))
    key = load_key({}, demo.folder / "secrets" / "pseudonym.key", create=False)
    chance, wrong = random.Random(2017), {}
    with published_tags(definitions, night, key) as known:
        persons = sorted(known.engine.arrow(known.persons)["one_id"].to_pylist())
        names = [tag.name for tag in known.book.computed]
        for one_id in chance.sample(persons, PERSONS):
            some = chance.sample(names, TAGS)
            columns = [c.name for name in some for c in known.book.tags[name].columns]
            stored = one_row(known, known.stored, one_id)
            found = differing(known, stored, rederived(known, one_id, some).row, columns)
            wrong |= {one_id: found} if found else {}
    assert wrong == {}
