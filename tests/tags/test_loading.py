"""The loader: every problem of every file at once, by place; sound tags in dependency order."""

import time
from textwrap import dedent

import pytest

from model.errors import Problems
from model.strict_yaml import parse_yaml
from tags.column_names import tag_columns
from tags.loading import load_tags
from tests.tags.books import GOLDEN, MODEL, book_of, messages_of, try_book


def tag(body: str) -> str:
    """A file with one tag `t` on line 2, after an income tag others may read."""
    return (
        "tags:\n"
        f"  t: {{title: T, {body}}}\n"
        "  kids: {title: Kids, pick: kids_count}\n"
        "  spend: {title: S, measure: sum(amount), from: orders, over: [30d, ever]}\n"
        "  birthday: {title: B, pick: birth_date}\n"
        "  city: {title: C, pick: city}\n"
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "",
            "t: expected one of pick, measure, top, calc, bins, cases, rfm, steps, stages, "
            "sql, given; found none",
        ),
        (
            "mesure: count(), from: orders",
            "t: expected one of pick, measure, top, calc, bins, cases, rfm, steps, stages, "
            "sql, given; found none, but 'mesure'; did you mean 'measure'?",
        ),
        (
            "pick: city, calc: kids",
            "t: expected one of pick, measure, top, calc, bins, cases, rfm, steps, stages, "
            "sql, given; found pick and calc",
        ),
        ("given: human", "given: expected values:, or type: number, integer"),
        ("given: robot, type: text", "given: expected human"),
        ("given: human, type: enum", "given: values: go with type enum"),
        ("given: human, type: text, override: never", "override: a given tag is what people set"),
        ("pick: city, override: sometimes", "override: 'sometimes' is none; expected never"),
        ("pick: birth_date, override: 30d", "override: a masked tag cannot be set by hand"),
        ("stages: [], else: a, stay: never", "stay: 'never' is no duration"),
        ('sql: "select 1"', "'select 1': expected from by_person.<table>"),
        (
            'sql: "select one_id, 1 as value from by_person.events", over: 7d',
            "over: the query has neither :from nor :to; write day >= :from and day <= :to",
        ),
        ("model: clusters", "t: model tags are not available yet"),
        ("pick: citty", "unknown column 'citty' in the golden profile; did you mean 'city'?"),
        ("pick: phone, pii: low", "pii: 'phone' is high in the model; expected high"),
        ("pick: phone, mask: name", "mask: the model masks 'phone' as 'phone'"),
        (
            "pick: city, pii: high",
            "pii: only a pick of a column that is pii high in the model can be masked",
        ),
        ("pick: city, channels: []", "channels: expected at least one, or leave it out"),
        ("pick: city, prefer: newest", "prefer: expected trusted or latest or frequent; found"),
        ("given: human, type: text, prefer: latest", "unknown key 'prefer'"),
        ("pick: city, table: tag_metrics", "table: 'tag_metrics' is another table's name; choose"),
        ("pick: city, table: store_tag_changes", "table: 'store_tag_changes' is another table's"),
        ("pick: city, keep: {daily: 0}", "keep: daily: expected 1 or more; found 0"),
        ("pick: city, keep: {month_ends: -1}", "keep: month_ends: expected 0 or more; found -1"),
        ("pick: city, table: Vip", "'Vip' is no name; expected a-z, 0-9 and _"),
        (
            "pick: phone, every: week",
            "every: 't' is masked, so it is picked every night; leave it out",
        ),
        (
            "stages: [{value: a, when: city = 'x'}], else: b, every: week",
            "every: stages look at every night; leave it out",
        ),
        (
            "pick: city, override: 30d, every: month",
            "every: people may set the tag, from any night on; leave it out",
        ),
        ("pick: city, every: year", "every: expected day or week or month; found 'year'"),
        ("pick: city, titel: x", "unknown key 'titel'; did you mean 'title'?"),
        ("pick: city, object: stor", "object: unknown object 'stor'; did you mean 'store'?"),
        (
            "pick: city, object: store",
            "pick: is of persons; a tag of store takes measure, top, calc, bins, cases, rfm, steps",
        ),
        (
            "measure: count(), from: orders, object: store, override: 30d",
            "override: people set values of persons; write override: never for a store",
        ),
        (
            "measure: count(), from: consents, object: store",
            "'consents' does not tell store_id, by which a store is known",
        ),
        (
            "measure: count(), from: stores, object: person_store",
            "'stores' does not tell one_id and store_id, by which a person_store is known",
        ),
        (
            "calc: spend_30d * 2, object: store",
            "'spend_30d' is a tag of person; expected tags of store",
        ),
        (
            "measure: sum(spend_30d), per: members, object: store",
            "per: a store has no members; name them in conf/model.yml",
        ),
        (
            "measure: sum(spend_30d), per: members, object: household, over: 7d",
            "over: per: members reads their tags of the night; leave it out",
        ),
        (
            "measure: sum(spend_30d), per: members, object: household, from: orders",
            "from: per: members reads their tags of the night; leave it out",
        ),
        (
            "measure: max(birthday), per: members, object: household",
            "'birthday' is pii high: of members only its mask is known",
        ),
        (
            "measure: sum(spent_30d), per: members, object: household",
            "'sum(spent_30d)': unknown column 'spent_30d'; did you mean 'spend_30d'?",
        ),
        ("pick: city, type: integer", "type: integer cannot hold text"),
        (
            "pick: city, status: live",
            "status: expected draft or testing or online or paused or "
            "offline or retired; found 'live'",
        ),
        ("measure: count()", "t: 'from' is missing: name a source"),
        ("measure: count(), from: order", "unknown source 'order'; did you mean 'orders'?"),
        (
            "measure: count(), from: orders, over: 3x",
            "over: '3x' is no window; expected 30d, 12w, 6m, 1y, ever, 31d..90d, "
            "this month or last month",
        ),
        ("measure: count(), from: orders, over: [7d, 7d]", "over: '7d' is given twice"),
        ("measure: max(amount), from: orders, type: integer", "type: integer cannot hold money"),
        (
            "measure: max(amount), from: orders, absent: none",
            "absent: 'none' does not fit type money",
        ),
        (
            "measure: count(), from: orders, by: channel, absent: 0",
            "absent: a map has none; leave it out",
        ),
        ("top: category_l1, from: order_lines, best: 0", "best: expected 1 to 1000"),
        (
            "top: category_l1, from: order_lines, give: [value, value]",
            "give: expected value, score or share, each once",
        ),
        (
            "top: category_l1, weights: {order_lines: 0}",
            "weights: order_lines: expected more than 0",
        ),
        (
            "top: category_l1, weights: {baskets: 1}",
            "unknown source 'baskets'",
        ),
        ("bins: city, edges: [1], values: {a: A, b: B}", "bins: expected a number; 'city' is text"),
        ("bins: kids, values: {a: A}", "bins: expected edges or shares, one of them"),
        (
            "bins: kids, edges: [1, 2], values: {a: A, b: B}",
            "values: expected 3, one per band; found 2",
        ),
        (
            "bins: kids, edges: [2, 2], values: {a: A, b: B, c: C}",
            "edges: expected ascending numbers",
        ),
        (
            "bins: kids, shares: [10%, 20%], values: {a: A, b: B}",
            "shares: expected percentages, then rest: [10%, 30%, rest]",
        ),
        (
            "bins: kids, shares: [60%, 40%, rest], values: {a: A, b: B, c: C}",
            "shares: expected each above 0% and less than 100% together",
        ),
        (
            "cases: [{value: a, when: kids > 1}], values: {b: B}",
            "'a' is not in values; expected one of b",
        ),
        ("cases: [{value: a, when: kids > 1}], values: {a: A, b: B}", "values: no case gives 'b'"),
        ("cases: [{value: a}]", "cases: expected {value: …, when: …}"),
        (
            "cases: [{value: a, when: kids > 1}, {value: 2, when: kids > 0}], absent: true",
            "absent: True does not fit type text",
        ),
        (
            "rfm: {recency: kids, frequency: kidz, monetary: city}",
            "rfm: unknown tag column 'kidz'; did you mean 'kids'?",
        ),
        (
            "rfm: {recency: kids, frequency: kids, monetary: city}",
            "rfm: 'city' is text; expected a number",
        ),
        (
            "rfm: {recency: kids, frequency: kids, monetary: kids}, "
            "score: {recency: [2, 1], frequency: [1], monetary: [1]}",
            "score: expected ascending numbers",
        ),
        (
            "pick: city, values: {杭州: 杭州}",
            "values: '杭州' is no code; expected letters, digits, _, . and -",
        ),
        ("calc: t + 1", "t → t: tags that need each other; break the circle"),
        (
            "calc: days_since(birthday)",
            "'birthday' is pii high; a calc may take it only inside years_since() or "
            "days_until_anniversary(); use bins or cases for the rest",
        ),
        (
            "calc: kids * 2, examples: [{rows: [{days_ago: 1}], gives: {t: 2}}]",
            "rows: name their source: {orders: [...]}",
        ),
        (
            "calc: kids * 2, examples: [{profile: {kidz: 1}, gives: {t: 2}}]",
            "unknown profile column 'kidz'",
        ),
        (
            "calc: kids * 2, examples: [{given: {kid: 1}, gives: {t: 2}}]",
            "unknown column 'kid'; did you mean 'kids'?",
        ),
        (
            "calc: kids * 2, examples: [{given: {kids: 1}, gives: {t: 2}}]",
            "'kids' is never set by hand; see its override",
        ),
        (
            "measure: count(), from: orders, examples: [{rows: [{amount: 1}], gives: {t: 1}}]",
            "rows: every row needs days_ago, 0 or more",
        ),
    ],
)
def test_a_wrong_tag_is_named_by_file_line_and_cure(body: str, message: str) -> None:
    found = messages_of(tag(body))
    assert any(line.startswith(f"a.yml:2: {message}") for line in found), found


def test_all_problems_of_all_files_are_reported_at_once() -> None:
    first = dedent(
        """\
        defaults: {owners: x}
        tags:
          a: {title: A, pick: nothing_like_it}
          b:
            title: B
            measure: sum(amuont)
            from: orders
            where: "stauts = 'paid'"
        """
    )
    second = "tags:\n  c: {pick: city}\n  A: {title: X, pick: city}\ntag: {}\n"
    found = messages_of(first, second)
    assert [line.split(" ")[0] for line in found] == [
        "a.yml:1:",
        "a.yml:3:",
        "a.yml:6:",
        "a.yml:8:",
        "b.yml:2:",
        "b.yml:3:",
        "b.yml:4:",
    ]
    assert "did you mean 'amount'?" in found[2]
    assert "did you mean 'status'?" in found[3]
    assert found[4] == "b.yml:2: 'title' is missing"


def test_a_circle_is_shown_as_its_path_once() -> None:
    text = dedent(
        """\
        tags:
          a: {title: A, calc: b + 1}
          b: {title: B, calc: c + 1}
          c: {title: C, calc: a + 1}
          d: {title: D, calc: a + 1}
        """
    )
    assert messages_of(text) == [
        "a.yml:2: a → b → c → a: tags that need each other; break the circle"
    ]


def test_a_text_in_quotes_is_no_reference() -> None:
    text = dedent(
        """\
        tags:
          level: {title: L, pick: city}
          vip: {title: V, cases: [{value: a, when: "level = 'vip'"}]}
        """
    )
    assert list(book_of(text).tags) == ["level", "vip"]


def test_two_tags_never_make_the_same_column() -> None:
    text = dedent(
        """\
        tags:
          spend: {title: S, measure: sum(amount), from: orders, over: [30d]}
          spend_30d: {title: T, calc: 1 + 1}
          one_id: {title: O, pick: city}
        """
    )
    again = "tags:\n  spend: {title: S, pick: city}\n"
    assert messages_of(text, again) == [
        "a.yml:3: column 'spend_30d' is also made by tag 'spend' (a.yml:2); rename one",
        "a.yml:4: column 'one_id' is the table's own",
        "b.yml:2: tag 'spend' is defined twice; first at a.yml:2",
    ]


def test_defaults_of_where_serve_measure_and_top_and_a_tags_own_replaces_them() -> None:
    text = dedent(
        """\
        defaults: {from: orders, where: "status = 'paid'", owner: growth, status: testing}
        tags:
          paid: {title: A, measure: count()}
          refunded: {title: B, measure: count(), where: "status = 'refunded'", status: online}
          kids: {title: C, pick: kids_count}
          many: {title: D, calc: kids > 2}
        """
    )
    book = book_of(text)
    paid, refunded = book.tags["paid"].body, book.tags["refunded"].body
    assert "'paid'" in repr(paid.where) and "'refunded'" in repr(refunded.where)
    assert {tag.owner for tag in book.tags.values()} == {"growth"}
    assert book.tags["many"].status == "testing" and book.tags["refunded"].status == "online"


def test_column_names_follow_windows_then_parts() -> None:
    text = dedent(
        """\
        defaults: {from: orders}
        tags:
          spend: {title: S, measure: sum(amount), over: [7d, 31d..90d, ever, this month]}
          orders: {title: O, measure: count(), over: 30d}
          days: {title: D, measure: days_since_last()}
          fav: {title: F, top: store_id, over: [30d], give: [value, score]}
          rfm: {title: R, rfm: {recency: days, frequency: orders, monetary: spend_ever}}
        """
    )
    names = {name: tag_columns(tag) for name, tag in book_of(text).tags.items()}
    assert names == {
        "spend": ("spend_7d", "spend_31d_90d", "spend_ever", "spend_this_month"),
        "orders": ("orders",),
        "days": ("days",),
        "fav": ("fav_30d", "fav_30d_score"),
        "rfm": ("rfm", "rfm_recency", "rfm_frequency", "rfm_monetary"),
    }


def test_types_are_inferred_and_a_declared_one_is_kept() -> None:
    text = dedent(
        """\
        defaults: {from: orders}
        tags:
          spend: {title: S, measure: sum(amount)}
          mean: {title: M, measure: avg(amount), type: money}
          count: {title: C, measure: count(), by: channel}
          fav: {title: F, top: store_id, best: 2, give: [value, share]}
          stage: {title: G, cases: [{value: a, when: spend > 1}], values: {a: A}}
          rich: {title: H, calc: spend > 100}
          since: {title: I, pick: registered_at, type: date}
          last: {title: J, measure: last(paid_at), type: time}
        """
    )
    types = {c.name: c.spark_type for tag in book_of(text).tags.values() for c in tag.columns}
    assert types == {
        "spend": "decimal(18,2)",
        "mean": "decimal(18,2)",
        "count": "map<string,bigint>",
        "fav": "array<string>",
        "fav_share": "array<double>",
        "stage": "string",
        "rich": "boolean",
        "since": "date",
        "last": "timestamp",
    }


def test_problems_of_a_draft_are_warnings_and_harm_nobody_else() -> None:
    text = dedent(
        """\
        tags:
          good: {title: G, description: d, pick: city}
          wild: {title: W, status: draft, calc: nowhere + 1}
          half: {status: draft, given: human}
        """
    )
    book, found = try_book(text)
    assert found == []
    assert list(book.tags) == ["good"]
    assert [problem.location.line for problem in book.warnings] == [3, 4]


def test_a_computed_tag_reads_no_tag_that_is_not_computed() -> None:
    text = dedent(
        """\
        tags:
          kids: {title: K, pick: kids_count, status: paused}
          many: {title: M, calc: kids > 2}
          more: {title: N, calc: kids > 3, status: offline}
        """
    )
    assert messages_of(text) == [
        "a.yml:3: reads 'kids', whose status is paused: it is not computed"
    ]


def test_a_tag_that_reads_a_broken_draft_is_a_problem_and_no_silence() -> None:
    text = dedent(
        """\
        tags:
          half: {status: draft, title: H, model: clusters}
          wild: {status: draft, title: W, calc: nowhere + 1}
          a: {title: A, calc: half + 1}
          b: {title: B, calc: wild + 1, status: paused}
          c: {title: C, status: draft, calc: d + 1}
          d: {title: D, calc: c + 1}
        """
    )
    assert messages_of(text) == [
        "a.yml:4: reads 'half', a draft with problems of its own",
        "a.yml:5: reads 'wild', a draft with problems of its own",
        "a.yml:7: d → c → d: tags that need each other; break the circle",
    ]


def test_an_online_tag_without_description_is_a_warning() -> None:
    book = book_of(
        "tags:\n  a: {title: A, pick: city}\n  b: {title: B, pick: city, status: testing}\n"
    )
    assert [str(warning) for warning in book.warnings] == [
        "a.yml:2: a: an online tag should have a description"
    ]


def test_the_hash_follows_what_decides_the_values_and_nothing_else() -> None:
    def hashes(amount: str, title: str) -> dict[str, str]:
        text = (
            f"tags:\n  a: {{title: {title}, measure: sum({amount}), from: orders}}\n"
            "  b: {title: B, calc: a * 2}\n"
        )
        return {tag.name: tag.definition_hash for tag in book_of(text).tags.values()}

    first = hashes("amount", "A")
    assert hashes("amount", "Other") == first
    other = hashes("discount_amount", "A")
    assert other["a"] != first["a"] and other["b"] != first["b"]


def test_an_example_of_a_tag_that_ranks_people_is_refused() -> None:
    text = dedent(
        """\
        tags:
          spend: {title: S, measure: sum(amount), from: orders}
          level:
            title: L
            bins: spend
            shares: [10%, rest]
            values: {high: H, low: L}
            examples: [{gives: {level: high}}]
        """
    )
    assert messages_of(text) == ["a.yml:8: 'level' ranks people; one person is no example of it"]


def test_a_thousand_tags_are_checked_in_five_seconds() -> None:
    lines = ["defaults: {from: orders, where: \"status = 'paid'\"}", "tags:"]
    for n in range(500):
        lines.append(f"  spend{n}: {{title: S, measure: sum(amount), over: [7d, 30d, {n + 31}d]}}")
        lines.append(f"  rich{n}: {{title: R, calc: spend{n}_30d > spend{(n + 1) % 500}_7d * {n}}}")
    text = "\n".join(lines)
    start = time.process_time()
    book = book_of(text)
    assert len(book.tags) == 1000
    assert time.process_time() - start < 5


def test_a_pick_names_channels_of_the_project() -> None:
    problems = Problems()
    file = parse_yaml(tag("pick: city, channels: [crm, wechatt]"), "a.yml", problems)
    load_tags({"a.yml": file}, MODEL, GOLDEN, problems, {"crm", "wechat"})
    assert [str(problem) for problem in problems.found] == [
        "a.yml:2: channels: unknown channel 'wechatt'; did you mean 'wechat'?"
    ]


def test_a_table_holds_tags_of_one_object() -> None:
    text = """\
        defaults: {from: orders, table: shops}
        tags:
          a: {title: A, measure: count(), object: store}
          b: {title: B, measure: count()}
    """
    assert [message for message in messages_of(dedent(text)) if "table" in message] == [
        "a.yml:1: table: 'shops' holds tags of store (a.yml:3); a table holds tags of one object: "
        "choose another name"
    ]


def test_a_tag_replaces_one_about_the_same_object() -> None:
    text = (
        "tags:\n"
        "  a: {title: A, measure: count(), from: orders, object: store, status: retired}\n"
        "  b: {title: B, measure: count(), from: orders, replaces: a}\n"
    )
    assert "a.yml:3: replaces: 'a' is a tag of store, not of person" in messages_of(text)


def test_defaults_for_rows_say_nothing_of_members() -> None:
    book = book_of(
        tag("measure: sum(spend_30d), where: kids > 1, per: members, object: household")
        .replace("tags:", "defaults: {from: orders, where: \"status = 'paid'\"}\ntags:", 1)
        .replace("from: orders, over", "over")
    )
    assert book.tags["t"].reads == {"spend_30d", "kids"}
    assert (book.tags["t"].table, book.tags["kids"].table) == ("household_tags", "customer_tags")
    assert [each.name for each in book.about("household").computed] == ["t"]
    assert "t" not in [each.name for each in book.computed]
