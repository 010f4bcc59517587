"""The shipped tag definitions: sound, described, and as their own examples say."""

import re
from collections import Counter

from language.aggregate_functions import AGGREGATES
from tags.definitions import Measure, Pick, Top
from tags.example_runs import run_examples
from tags.keys import SHAPES
from tests.tags.books import shipped_book

BOOK = shipped_book()


def test_shipped_tags_raise_no_warning() -> None:
    assert BOOK.warnings == ()


def test_every_shipped_tag_has_both_titles_and_an_owner() -> None:
    bare = [
        tag.name
        for tag in BOOK.tags.values()
        if not (re.search("[一-鿿]|RFM", tag.title) and tag.title_en and tag.owner)
    ]
    assert bare == []


def test_every_shape_is_shipped_at_least_twice() -> None:
    shapes = Counter(tag.shape for tag in BOOK.tags.values())
    assert set(shapes) == set(SHAPES)
    assert min(shapes.values()) >= 2


def test_every_aggregate_function_is_shipped() -> None:
    bodies = [tag.body for tag in BOOK.tags.values()]
    used = Counter(body.aggregate.function for body in bodies if isinstance(body, Measure))
    assert set(used) == set(AGGREGATES)
    statistics = {name for name, function in AGGREGATES.items() if function.is_statistic}
    assert min(used[name] for name in statistics) >= 2


def test_every_option_of_a_tag_is_shipped_at_least_twice() -> None:
    tags = BOOK.tags.values()
    tops = [tag.body for tag in tags if isinstance(tag.body, Top)]
    options = {
        "last N": [c for tag in tags for c in tag.columns if c.window and c.window.rows],
        "decay": [top for top in tops if top.half_life],
        "rarity": [top for top in tops if top.rarity],
        "every": [tag for tag in tags if tag.every != "day"],
        "replaces": [tag for tag in tags if tag.replaces],
        "best": [top for top in tops if top.best],
        "give": [top for top in tops if len(top.give) > 1],
        "weights": [top for top in tops if len(top.sources) > 1],
        "by": [tag for tag in tags if isinstance(tag.body, Measure) and tag.body.by],
        "calendar": [c for tag in tags for c in tag.columns if c.window and c.window.calendar],
        "checks": [tag for tag in tags if tag.checks],
        "override": [tag for tag in tags if tag.override not in ("", "never")],
        "choice": [tag for tag in tags if isinstance(tag.body, Pick) and tag.body.choice],
    }
    assert [name for name, users in options.items() if len(users) < 2] == []


def test_the_examples_of_the_shipped_tags_hold() -> None:
    assert sum(bool(tag.examples) for tag in BOOK.tags.values()) >= 20
    assert [str(failure) for failure in run_examples(BOOK)] == []
