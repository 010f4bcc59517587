"""What golden rows tell of persons: composites that keep apart, and whose names are whose."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any, get_args

from identity.disputed_names import contradicting_sightings
from identity.person_facts import composite_facts, sealed_names
from model.canonical import CanonicalColumn, CanonicalTable, Part, ReadFrom
from model.engines import Engine
from model.fixed_tables import VAULT_PROFILES
from model.identity_policy import IdentityPolicy
from model.versions import Reading
from privacy.tokens import column_kind, seal_of, token_of
from tests.identity.worlds import KEY, POLICY, World, groups, records, sighting, table_of

OLD, NEW = (datetime(2017, month, 1, tzinfo=timezone.utc) for month in (1, 6))
RULE = "never_merge birth_date+gender"
POLICY_OF_BIRTHS = IdentityPolicy(
    kinds=POLICY.kinds, never_merge=("national_id", ("birth_date", "gender"))
)


def table_with(*names: str, reading: Reading = Reading()) -> CanonicalTable:  # noqa: B008
    return CanonicalTable(
        key=("channel", "account_id"), time="updated_at", golden=True, name="profiles",
        columns={
            "account_id": CanonicalColumn("text"),
            **{name: CanonicalColumn("text", pii="high", mask="name") for name in names},
            "phone": CanonicalColumn("text", pii="high", mask="phone"),
            "gender": CanonicalColumn("enum"),
            "birth_date": CanonicalColumn("date", pii="high", mask="month_day"),
            "updated_at": CanonicalColumn("timestamp"),
        }, reading=reading,
    )  # fmt: skip


def golden_rows(engine: Engine, table: CanonicalTable, *rows: dict[str, Any]) -> Any:
    """Current rows of the table; what is not said is null, names and births are plain here."""
    filled = []
    for number, row in enumerate(rows):
        stored = {
            f"{name}_token": token_of(KEY, column_kind(name), "", row[name])
            for name in table.high_pii if row.get(name)
        }
        filled.append({
            "channel": "crm", "account_id": f"a{number}", "arrived_date": date(2017, 9, 28),
            "generation": 1, "source_file": "f", "source_line": number, "updated_at": OLD,
            **row, **stored,
        })  # fmt: skip
    return table_of(engine, filled, table.contract.schema)


def facts(
    engine: Engine, *rows: dict[str, Any], reading: Reading = Reading()  # noqa: B008
) -> dict[int, str]:
    """Sighting → value of the composite."""
    table = table_with("name", reading=reading)
    told = composite_facts(engine, golden_rows(engine, table, *rows), table, POLICY_OF_BIRTHS)
    found = records(engine, told)
    assert {(row.rule, row.scope) for row in found} <= {(RULE, "")}
    assert len({row.node_id for row in found}) == len(found), "one value a sighting"
    return {row.node_id: row.value for row in found}


def of(
    sighting_id: int | None, birth: str | None, gender: str | None, **more: Any
) -> dict[str, Any]:
    return {"sighting_id": sighting_id, "birth_date": birth, "gender": gender, **more}


def test_a_composite_counts_only_where_every_part_is_filled(engine: Engine) -> None:
    found = facts(
        engine, of(1, "1990-01-01", "f"), of(2, "1990-01-01", None), of(3, None, "f"),
        of(4, "1990-01-01", "f", channel="shop"), of(5, "1990-01-01", "m"),
        of(6, "1991-01-01", "f"), of(None, "1990-01-01", "f"),
    )  # fmt: skip
    assert found.keys() == {1, 4, 5, 6}
    assert found[1] == found[4], "equal parts are one value, in whichever channel"
    assert len({found[1], found[5], found[6]}) == 3
    assert not any("1990" in value for value in found.values()), "what is sealed stays a token"


def test_of_two_rows_of_one_sighting_the_newer_complete_one_counts(engine: Engine) -> None:
    older, newer = of(1, "1990-01-01", "f"), of(1, "1991-01-01", "f", updated_at=NEW)
    incomplete = of(1, None, "m", updated_at=NEW)
    expected = facts(engine, of(1, "1991-01-01", "f"))
    assert facts(engine, older, newer, incomplete) == expected
    assert facts(engine, incomplete, newer, older) == expected


def test_a_channel_in_shadow_tells_no_facts(engine: Engine) -> None:
    reading = Reading(shadow=frozenset({"trial"}))
    rows = [of(1, "1990-01-01", "f", channel="trial"), of(2, "1990-01-01", "f"),
            of(2, "1991-01-01", "f", channel="trial", updated_at=NEW)]  # fmt: skip
    assert facts(engine, *rows, reading=reading) == facts(engine, of(2, "1990-01-01", "f"))


def test_a_policy_without_composites_has_no_facts(engine: Engine) -> None:
    table = table_with("name")
    rows = golden_rows(engine, table, of(1, "1990-01-01", "f"))
    assert records(engine, composite_facts(engine, rows, table, POLICY)) == []


def test_two_composites_never_become_one_person_and_the_refused_link_names_the_rule(
    engine: Engine,
) -> None:
    words = ["account:1 phone:1", "account:2 phone:1", "account:3 phone:1"]
    told = facts(
        engine, of(sighting(words[0]), "1990-01-01", "f"), of(sighting(words[1]), "1990-01-01", "m")
    )
    world = World(facts=tuple((node, RULE, value) for node, value in told.items()))
    world.see(*words).run(1)
    apart, refused = groups(world), world.open("rejected_links")
    assert sum(sighting(word) in group for group in apart for word in words[:2]) == 2
    assert not any({sighting(words[0]), sighting(words[1])} <= group for group in apart)
    assert [(row.kind, row.rule) for row in refused] == [("phone", RULE)]


def contradicting(engine: Engine, table: CanonicalTable, *rows: dict[str, Any]) -> set[int]:
    """Sightings whose names cannot be that of the first row's bearer."""
    vault = table_of(engine, [
        {"arrived_date": date(2017, 9, 28), "column_name": name, "sealed": seal_of(KEY, row[name]),
         "token": token_of(KEY, column_kind(name), "", row[name])}
        for row in rows for name in table.high_pii
        if row.get(name)
    ], VAULT_PROFILES.schema)  # fmt: skip
    vault = engine.rows("vault", "select distinct * from vault", vault=vault)
    names = sealed_names(engine, golden_rows(engine, table, *rows), vault, table, KEY)
    assert names is not None
    first = rows[0]["sighting_id"]
    pairs = [
        {"sighting_id": first, "other_sighting_id": row["sighting_id"]} for row in rows
        if row["sighting_id"] is not None
    ]  # fmt: skip
    asked = table_of(engine, pairs, "sighting_id bigint, other_sighting_id bigint")
    found = contradicting_sightings(engine, asked, names)
    return {row.other_sighting_id for row in records(engine, found)}


def test_names_are_read_of_whatever_column_is_masked_as_one(engine: Engine) -> None:
    table = table_with("full_words")
    names = enumerate(("王伟", "李娜", "王玮"))
    rows = [{"sighting_id": number, "full_words": name} for number, name in names]
    assert contradicting(engine, table, *rows, {"sighting_id": 9, "phone": "李娜"}) == {1}


def test_a_family_s_and_a_given_name_in_two_columns_are_one_name(engine: Engine) -> None:
    table = table_with("surname", "given_name")
    names = [("Smith", "John"), ("Smith", "Mary"), ("Jones", "John"), ("王", "伟"), (None, "Mary")]
    rows = [
        {"sighting_id": n, "surname": family, "given_name": given}
        for n, (family, given) in enumerate(names)
    ]
    assert contradicting(engine, table, *rows) == {1}


def test_parts_read_from_a_whole_name_count_only_in_rows_without_it(engine: Engine) -> None:
    plain = table_with("name", "family_name", "given_name")
    read = {
        part: replace(plain.columns[part], mask="hidden", read_from=ReadFrom("name", part))
        for part in get_args(Part) if part in plain.columns
    }
    table = replace(plain, columns={**plain.columns, **read})
    rows = [
        {"sighting_id": 1, "name": "John Smith", "family_name": "Smith", "given_name": "John"},
        {"sighting_id": 2, "family_name": "Smith", "given_name": "Mary"},
        {"sighting_id": 3, "family_name": "Smith", "given_name": "Jon"},
        {"sighting_id": 4, "name": "J Smith", "family_name": "Smith", "given_name": "Mary"},
    ]
    assert contradicting(engine, table, *rows) == {2}


def test_a_channel_in_shadow_tells_no_names(engine: Engine) -> None:
    table = table_with("name", reading=Reading(shadow=frozenset({"trial"})))
    live, trial = {"sighting_id": 1, "name": "王伟"}, {"sighting_id": 2, "name": "李娜"}
    assert contradicting(engine, table, live, trial) == {2}
    assert contradicting(engine, table, live, trial | {"channel": "trial"}) == set()


def test_a_model_without_names_has_none(engine: Engine) -> None:
    table = table_with()
    vault = table_of(engine, [], VAULT_PROFILES.schema)
    rows = golden_rows(engine, table, {"sighting_id": 1, "phone": "+8613900000001"})
    assert sealed_names(engine, rows, vault, table, KEY) is None
