"""What every shape of body says of itself on one line."""

import pytest

from tags.body_words import words_of
from tests.tags.books import book_of

BOOK = book_of(
    """
    defaults: {from: orders}
    tags:
      sex: {title: T, pick: gender}
      spend: {title: T, measure: sum(amount), by: channel, where: {any: ["amount > 1",
        {none: ["status = 'paid'"]}]}}
      views: {title: T, measure: count(), from: page_views, where: "channel = 'app'"}
      fav: {title: T, top: store_id, weights: {orders: 2}, decay: half every 7d, rarity: true}
      gap: {title: T, measure: days_since_last()}
      twice: {title: T, calc: gap * 2}
      band: {title: T, bins: gap, edges: [1, 2.5], values: {a: A, b: B, c: C}}
      level: {title: T, bins: gap, shares: [10%, rest], values: {a: A, b: B}}
      tier: {title: T, cases: [{value: x, when: {all: [gap > 1, {did: orders, over: 9d,
        times: ">= 2"}]}}], else: y}
      rfm: {title: T, rfm: {recency: gap, frequency: twice, monetary: gap}}
      way: {title: T, steps: [carts, orders], within: 2d}
      mood: {title: T, stages: [{value: up, when: gap < 3}], else: down, stay: 3d}
      one: {title: T, sql: "select one_id, max(amount) as value from by_person.orders
        group by one_id"}
      note: {title: T, given: human, type: text}
    """
)
WORDS = [
    ("sex", "pick gender of the golden profile"),
    ("spend", "sum(amount) by channel from orders where any(amount > 1; none(status = 'paid'))"),
    ("views", "count() from page_views (rows of events) where name = 'page_view' and "
              "channel = 'app'"),
    ("fav", "top store_id of orders, weight 2, halved every 7 days, by rarity"),
    ("twice", "calc gap * 2"),
    ("band", "bins of gap at 1, 2.5"),
    ("level", "shares of gap: 10 %, rest"),
    ("tier", "cases: x when all(gap > 1; did orders over 9d, times >= 2); else y"),
    ("rfm", "rfm of gap, twice, gap, scored in fifths of the persons"),
    ("way", "steps carts → orders within 48 hours"),
    ("mood", "stages: up when gap < 3; else down; stay 3d"),
    ("one", "sql select one_id, max(amount) as value from by_person.orders group by one_id"),
    ("note", "given by people"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), WORDS)
def test_a_body_is_told_on_one_line(name: str, words: str) -> None:
    assert words_of(BOOK.tags[name].body) == words
