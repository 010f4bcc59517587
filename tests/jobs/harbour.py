"""A harbour, made by code: a crew list that arrives whole, stamps that are corrected, a new gate in
shadow; three nights, and what is true after each of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

NIGHTS = (date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3))

GATE = """
channel: gate
datasets:
  stamps:
    path: "gate/{date}/*.csv"
    fields:
      id: {type: text, required: true}
      mobile: {type: text, identifier: phone}
      at: {type: timestamp, required: true}
      fee: {type: money}
    into:
      stamps: {columns: {stamp_id: id, at: at, fee: fee}}
"""
CONF = {
    "conf/base.yml": "project: {title: Harbour, time_zone: Asia/Shanghai}\n",
    "conf/model.yml": """
objects:
  person: {id: one_id, title: 人, tags_table: customer_tags}
tables:
  sailors:
    key: [channel, sailor_id]
    time: changed_at
    golden: true
    columns:
      sailor_id: {type: text}
      mobile: {type: text, pii: high, mask: phone}
      rank: {type: enum, values: [mate, hand]}
      changed_at: {type: timestamp}
  stamps:
    key: [channel, stamp_id]
    time: at
    columns:
      stamp_id: {type: text}
      at: {type: timestamp}
      fee: {type: money}
""",
    "conf/identity.yml": """
kinds:
  account: {rank: 1, normalise: text, scope: channel, pii: low}
  phone: {rank: 2, normalise: phone, region: CN}
components: {full_build: local, night: local, local_edges: 1000000}
golden: {prefer: trusted, then: latest}
""",
    "conf/channels/crew.yml": """
channel: crew
datasets:
  list:
    path: "crew/list.csv"
    arrives: full
    ready: "{file}.done"
    fields:
      no: {type: text, required: true, identifier: account}
      mobile: {type: text, identifier: phone}
      rank: {type: enum, values: {mate: mate, hand: hand}}
      changed: {type: timestamp, required: true}
    into:
      sailors: {columns: {sailor_id: no, mobile: mobile, rank: rank, changed_at: changed}}
""",
    "conf/channels/gate.yml": GATE,
    "conf/channels/newgate.yml": GATE.replace("gate", "newgate").replace(
        "\ndatasets:", "\nstatus: shadow\ndatasets:"
    ),
    "tag_definitions/basic/stamps.yml": """
defaults: {object: person, owner: tests, status: online, from: stamps}
tags:
  stamps: {title: 盖章, description: 盖章次数, measure: count(), over: ever}
  fees: {title: 费用, description: 费用合计, measure: sum(fee), over: ever, type: money, absent: 0}
""",
}

_LIST, _STAMP = "no,mobile,rank,changed", "id,mobile,at,fee"
A, B, C, X = (f"1391111000{n}" for n in (1, 2, 3, 9))
# The crew list as it is on each night: s2 leaves on the second, s3 comes on the third.
CREW = (
    [f"s1,{A},mate,2024-05-01 08:00:00", f"s2,{B},hand,2024-05-01 08:00:00"],
    [f"s1,{A},hand,2024-04-01 08:00:00"],  # an older time: arrival alone decides
    [f"s1,{A},hand,2024-04-01 08:00:00", f"s3,{C},hand,2024-06-03 08:00:00"],
)
# The gate's files by night they arrive in: the second night brings new bytes for the first file
# (stamp g2 vanishes, g1 costs less), the third one late file of the first day.
GATE = (
    {"gate/2024-06-01/a.csv": [f"g1,{A},2024-06-01 09:00:00,5", f"g2,{B},2024-06-01 10:00:00,7"]},
    {"gate/2024-06-01/a.csv": [f"g1,{A},2024-06-01 09:00:00,4"],
     "gate/2024-06-02/a.csv": [f"g3,{A},2024-06-02 09:00:00,1"]},
    {"gate/2024-06-01/late.csv": [f"g4,{C},2024-06-01 23:00:00,2"],
     "gate/2024-06-03/a.csv": [f"g5,{C},2024-06-03 09:00:00,3"]},
)  # fmt: skip
# The new gate would join A and X, and knows nobody else.
SHADOW = {"newgate/2024-06-01/a.csv": [f"n1,{A},2024-06-01 09:00:00,100",
                                       f"n2,{X},2024-06-01 09:30:00,100"]}  # fmt: skip


def write_harbour(folder: Path) -> Path:
    """The project without its dumps under `folder`; returns the folder."""
    for name, text in CONF.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    return folder


def deliver(folder: Path, number: int) -> None:
    """What the sources send before a night, counted from 0."""
    _put(folder, "crew/list.csv", _LIST, CREW[number])
    _put(folder, "crew/list.csv.done", "", [])
    files = GATE[number] | (SHADOW if number == 0 else {})
    for path, lines in files.items():
        _put(folder, path, _STAMP, lines)


def _put(folder: Path, path: str, header: str, lines: list[str]) -> None:
    file = folder / "landing" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def stamps_on(number: int) -> dict[str, tuple[str, int]]:
    """The gate's stamps after a night: mobile and fee by stamp, of each path's newest bytes."""
    newest: dict[str, list[str]] = {}
    for files in GATE[: number + 1]:
        newest |= files
    rows = [line.split(",") for lines in newest.values() for line in lines]
    return {stamp: (mobile, int(fee)) for stamp, mobile, _, fee in rows}


def crew_on(number: int) -> dict[str, tuple[str, str]]:
    """The crew after a night: mobile and rank by number."""
    rows = [line.split(",") for line in CREW[number]]
    return {no: (mobile, rank) for no, mobile, rank, _ in rows}
