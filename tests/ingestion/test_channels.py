"""Channel files: what is read, and that every problem comes with its line, all at once."""

import pytest

from tests.ingestion.fixtures import LINES, MEMBERS, channels_of, sound_channel


def problems_with(text: str, old: str, new: str) -> list[str]:
    assert old in text
    return channels_of(text.replace(old, new))[1]


def test_a_sound_file_becomes_a_frozen_channel() -> None:
    channel, dataset = sound_channel(LINES)
    assert (channel.name, channel.trust_rank, channel.status) == ("till", 3, "online")
    assert dataset.full_name == "till.lines"
    assert [(s.field, s.kind, s.scope) for s in dataset.slots] == [
        ("card", "member_card", "loyalty"), ("mobile", "phone", "global"),
    ]  # fmt: skip
    assert dataset.sealed == {"card", "mobile"}
    assert dataset.rollup is not None
    assert dataset.rollup.table.name == "orders"
    types = {column.name: column.type for column in dataset.raw_contract.columns}
    assert (types["mobile"], types["sku"]) == ("binary", "string")


def test_a_profile_row_always_has_its_account() -> None:
    _, dataset = sound_channel(MEMBERS)
    assert dataset.accounts == ("id",)
    assert ("id", "account", "crm") in [(s.field, s.kind, s.scope) for s in dataset.slots]


def test_every_problem_of_a_file_is_told_at_once_with_its_line() -> None:
    broken = (
        LINES.replace("trust_rank: 3", "trust_rnak: 3")
        .replace("type: integer, required", "type: integr, required")
        .replace("identifier: phone", "identifier: fone")
        .replace("yyyy/M/d H:mm", "yyyy/M/d Q:mm")
        .replace("amount: sum(amount)", "amount: sum(amonut)")
        .replace("sku_id: sku", "sku: sku")
    )
    found = channels_of(broken)[1]
    told = [(problem.split(":")[1], problem) for problem in found]
    assert [line for line, _ in told] == ["2", "10", "12", "13", "22", "25"]
    for (_, problem), word in zip(
        told, ["trust_rank", "integr", "'phone'", "Q", "amount", "sku_id"], strict=True
    ):
        assert word in problem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "amount: sum(amount)", "amount: stddev(amount)",
            "amount: stddev() is for tags; expected one of count, sum",
        ),
        ("till/{date}/*.csv", "till/*.csv", "tells no date"),
        ("till/{date}/*.csv", "../{date}/*.csv", "under the landing root"),
        ("till/{date}/*.csv", "till/{day}/{date}.csv", "unknown mark"),
        ("till/{date}/*.csv", "till/{date}/*.zip", "are not supported"),
        ("time_zone: Asia/Shanghai", "time_zone: Asia/Shangri", "unknown zone"),
        ("time_zone: Asia/Shanghai", "format: xls", "format: expected csv or tsv"),
        ("time_zone: Asia/Shanghai", "format: xlsx\n    encoding: gbk", "means nothing in xlsx"),
        ("time_zone: Asia/Shanghai", "format: parquet\n    header: 2", "means nothing in parquet"),
        ("time_zone: Asia/Shanghai", "sheet: 一月", "sheet: means nothing in csv"),
        ("time_zone: Asia/Shanghai", "header: 0", "counted from 1"),
        ("time_zone: Asia/Shanghai", "delimiter: ' '\n    escape: '/'", "where blanks part"),
        ("time_zone: Asia/Shanghai", "quote: ' '", "only a delimiter"),
        ("time_zone: Asia/Shanghai", "ready: ok/_SUCCESS", "beside the dumps"),
        ("time_zone: Asia/Shanghai", "header: false", "list them"),
        ("time_zone: Asia/Shanghai", "delimiter: '||'", "one character"),
        ("time_zone: Asia/Shanghai", "encoding: utf-7", "encoding"),
        ("{field: op,", "{field: opp,", "unknown field 'opp'"),
        ("range: [0, 1000]", "range: [1000, 0]", "[lowest, highest]"),
        ("type: text}\n      amount", "type: text, pattern: '('}\n      amount", "regular"),
        ("{已付: paid, 退: refunded}", "{已付: payed}", "did you mean 'paid'"),
        ("values: {已付: paid, 退: refunded}", "other: keep, values: {已付: paid}", "takes paid"),
        ("status: first(status)", "status: status", "expected an aggregate"),
        ("{order_id: ticket, line_no: line_no, ", "{order_id: ticket, ", "which its key needs"),
        ("sku_id: sku,", "sku_id: mobile,", "would be readable"),
        ("amount: amount}", "amount: sku}", "takes integer or money"),
        ("[ticket]", "[tickets]", "unknown field 'tickets'"),
        ("order_lines:", "order_line:", "unknown table 'order_line'"),
        ("identifier: phone", "identifier: openid", "name it"),
        ("channel: till", "channel: Till", "is no name"),
    ],
)
def test_one_mistake_is_one_problem(old: str, new: str, message: str) -> None:
    found = problems_with(LINES, old, new)
    assert len(found) == 1, found
    assert message in found[0]


def test_a_name_may_be_made_of_several_fields_but_reaches_no_readable_column() -> None:
    text = MEMBERS.replace("name: name, phone", "name: \"concat(name, city)\", phone")
    found = channels_of(text)[1]
    assert len(found) == 1
    assert "field 'city' is high pii" in found[0]
