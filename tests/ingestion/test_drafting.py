"""Drafts of channel files: sound at once, near to what a person would write, and discreet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingestion.channels import Dataset, read_channels
from ingestion.drafting import DraftPlace, draft_channel, path_pattern, scalar
from ingestion.field_words import ascii_name, ideas_of, likeness
from ingestion.samples import read_sample
from model.canonical import CanonicalModel, read_model
from model.errors import Problems
from model.identity_policy import IdentityPolicy, read_identity_policy
from model.strict_yaml import load_yaml, parse_yaml

ROOT = Path(__file__).parents[2]


def _card(number: int) -> str:
    """A national id: Beijing, born 1980-01-01, with its check digit."""
    body = f"11010119800101{number:03d}"
    total = sum(2 ** (17 - n) % 11 * int(digit) for n, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


MEMBERS = [
    {
        "会员卡号": f"8{n:07d}", "姓名": ("李秀英", "张伟")[n % 2], "性别": ("女", "男")[n % 2],
        "手机": f"138{n:08d}", "邮箱": f"m{n}@mail.cn", "身份证号": _card(n),
        "出生日期": f"19{50 + n % 50}/0{1 + n % 9}/1{n % 10}", "城市": ("上海", "北京")[n % 2],
        "积分": str(n * 3), "更新时间": f"2017/3/{1 + n % 28} 9:0{n % 10}",
    }
    for n in range(200)
]  # fmt: skip


@pytest.fixture(scope="module")
def ground() -> tuple[CanonicalModel, IdentityPolicy]:
    problems = Problems()
    model = read_model(load_yaml(ROOT / "conf/model.yml", problems), problems)
    policy = read_identity_policy(load_yaml(ROOT / "conf/identity.yml", problems), problems)
    problems.raise_if_any()
    return model, policy


def drafted(
    path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> tuple[str, Dataset, list[str]]:
    """The draft of a file, the dataset it describes, and what `onefold check` says of it."""
    place = DraftPlace("new", "rows", "new/{date}/*", "Asia/Shanghai", True)
    text = draft_channel(read_sample(path), place, *ground)
    problems = Problems()
    node = parse_yaml(text, "new.yml", problems)
    (channel,) = read_channels({"new.yml": node}, *ground, problems)
    return text, channel.datasets[0], [str(problem) for problem in problems.found]


def _write(folder: Path, name: str, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    lines = [delimiter.join(MEMBERS[0]), *(delimiter.join(row.values()) for row in MEMBERS)]
    path = folder / name
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding", "told"),
    [
        ("members.csv", ",", "gbk", ("csv", "gb18030", ",")),
        ("members.tsv", "\t", "utf-8-sig", ("tsv", "utf-8", "\t")),
        ("members.txt", ";", "utf-16", ("csv", "utf-16", ";")),
    ],
)
def test_a_draft_of_members_is_sound_and_knows_who_and_what(
    name: str, delimiter: str, encoding: str, told: tuple[str, ...], tmp_path: Path,
    ground: tuple[CanonicalModel, IdentityPolicy],
) -> None:  # fmt: skip
    _, dataset, problems = drafted(_write(tmp_path, name, delimiter, encoding), ground)
    entry = dataset.entry
    assert problems == []
    assert (entry.format, entry.encoding, entry.separator) == told
    kinds = {slot.kind for slot in dataset.slots}
    assert kinds == {"member_card", "phone", "email", "national_id"}
    (table,) = dataset.tables
    assert table.table.name == "profiles"
    assert {column.name for column in table.columns if not column.part} == {
        "account_id", "name", "phone", "email", "gender", "birth_date", "city", "updated_at",
    }  # fmt: skip
    fields = {field.headers(name)[0]: field for name, field in entry.fields.items()}
    assert fields["性别"].value_map == {"男": "m", "女": "f"}
    assert fields["出生日期"].formats == ("yyyy/MM/dd",)
    assert fields["更新时间"].formats == ("yyyy/M/d H:mm",)
    assert all(field.required for field in fields.values())


@pytest.mark.parametrize(
    ("headers", "columns"),
    [
        ("id,First Name,Last Name,email address,Address", "given_name family_name address"),
        ("会员卡号,姓,名,手机,详细地址", "family_name given_name address"),
        ("会员卡号,姓名,收货地址,城市,街道门牌", "name address city street"),
        ("user,fullname,address,street,postal code", "name address street postcode"),
    ],
)
def test_names_and_addresses_and_their_parts_have_columns_of_their_own(
    headers: str, columns: str, tmp_path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> None:
    path = tmp_path / "people.csv"
    rows = [",".join(f"{header[0]}{n}" for header in headers.split(",")) for n in range(200)]
    path.write_text("\n".join([headers, *rows, ""]), encoding="utf-8")
    text, dataset, problems = drafted(path, ground)
    assert problems == []
    (table,) = dataset.tables
    assert {c.name for c in table.columns if not c.part} - {"account_id"} >= set(columns.split())
    assert "姓199" not in text


def test_a_draft_shows_no_value_but_the_codes_of_enums(
    tmp_path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> None:
    text, _, _ = drafted(_write(tmp_path, "members.csv"), ground)
    hidden = ("会员卡号", "姓名", "手机", "邮箱", "身份证号", "出生日期", "更新时间")
    for row in MEMBERS:
        assert not [header for header in hidden if row[header] in text]


def test_a_draft_of_events_reads_times_counted_from_1970(
    tmp_path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(
        json.dumps({
            "eid": f"e{n}", "et": 1_488_300_000_000 + n, "did": f"{n:08d}-aaaa-4bbb", "page": None,
            "event": ("app_open", "search")[n % 2],
        }) + "\n"
        for n in range(100)
    ), encoding="utf-8")  # fmt: skip
    text, dataset, problems = drafted(path, ground)
    assert problems == []
    assert dataset.entry.fields["et"].formats == ("epoch_millis",)
    assert [slot.kind for slot in dataset.slots] == ["device"]
    assert dataset.tables[0].table.name == "events"
    assert "# check: a time, counted from 1970?" in text


def test_a_file_without_header_or_key_gets_names_and_the_place_of_its_rows(
    tmp_path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> None:
    path = tmp_path / "orders.txt"
    path.write_text("".join(
        f" {n % 7:05d} 1997010{1 + n % 9}  {n % 5} {n}.50\n" for n in range(60)
    ), encoding="utf-8")  # fmt: skip
    text, dataset, problems = drafted(path, ground)
    assert problems == []
    assert dataset.entry.header == ("field_1", "field_2", "field_3", "field_4")
    assert dataset.entry.fields["field_1"].type == "text"  # zeros in front are no number's
    assert dataset.entry.fields["field_2"].formats == ("yyyyMMdd",)
    assert "no header row was found" in text


def test_a_personal_field_without_a_column_is_left_out_until_the_model_has_one(
    tmp_path: Path, ground: tuple[CanonicalModel, IdentityPolicy]
) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"o{n},{n}.00,2017-03-01 10:00:00,王{n},u{n % 9}\n" for n in range(50)]
    path.write_text("order_no,amount,pay_time,收货人,user_id\n" + "".join(rows), encoding="utf-8")
    text, dataset, problems = drafted(path, ground)
    assert problems == []
    assert dataset.tables[0].table.name == "orders"
    headers = {h for name, field in dataset.entry.fields.items() for h in field.headers(name)}
    assert "收货人" not in headers
    assert '收货人' in text


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("pos/2017-03-01/lines_201701.csv", "pos/{date}/*.csv"),
        ("crm/20170301/members.csv.gz", "crm/{yyyymmdd}/*.csv.gz"),
        ("crm/members_20170301.csv", "crm/members_{yyyymmdd}.csv"),
        ("members.csv", "new/{date}/*.csv"),
        ("crm/members.csv", "crm/{date}/*.csv"),
    ],
)
def test_a_path_is_the_pattern_of_its_days(path: str, pattern: str) -> None:
    assert path_pattern(path, "new") == pattern


@pytest.mark.parametrize(
    "text", ["城市", "on", "NO", "a: b", "#1", '"', "\\", "1997", "-", "ab c", "null", "é"]
)
def test_any_text_written_as_yaml_reads_back_as_itself(text: str) -> None:
    problems = Problems()
    read: Mapping[str, object] = parse_yaml(f"{{{scalar(text)}: {scalar(text)}}}", "x", problems)
    assert (dict(read), problems.found) == ({text: text}, [])


def test_words_of_both_languages_tell_the_same_ideas() -> None:
    assert ideas_of("payTime") == ideas_of("支付时间") == ideas_of("paid_at")
    assert likeness(ideas_of("discount"), ideas_of("discount_amount")) == 1.0
    assert likeness(ideas_of("city"), ideas_of("brand")) == 0.0
    assert ascii_name("orderNo") == "order_no"
    assert ascii_name("城市") == "city"
