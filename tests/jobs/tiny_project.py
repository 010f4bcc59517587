"""A tiny foreign project, made by code: two channels, two tables, a handful of tags, three nights.

Its names are none of the shipped project's, so that nothing in the code can lean on those.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

NIGHTS = (date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3))
SECRET = "a secret of the tests only, thirty-two bytes or more"

CONF = {
    "conf/base.yml": """
project: {title: Tiny, time_zone: Asia/Shanghai}
""",
    "conf/model.yml": """
objects:
  person: {id: one_id, title: 人, tags_table: customer_tags}
tables:
  members:
    object: person
    key: [channel, account_id]
    time: changed_at
    golden: true
    columns:
      account_id: {type: text}
      full_name: {type: text, pii: high, mask: name}
      mobile: {type: text, pii: high, mask: phone}
      born: {type: date, pii: high, mask: month_day}
      level: {type: enum, values: [gold, plain]}
      changed_at: {type: timestamp}
  trips:
    object: person
    key: [channel, trip_id]
    time: taken_at
    columns:
      trip_id: {type: text}
      state: {type: enum, values: [taken, undone]}
      taken_at: {type: timestamp}
      fare: {type: money}
      line: {type: text}
""",
    "conf/identity.yml": """
kinds:
  passport: {rank: 1, normalise: text}
  account: {rank: 2, normalise: text, scope: channel, pii: low}
  phone: {rank: 3, normalise: phone, region: CN, max_sightings: 20, max_peers: 5}
invalid:
  phone: ["13800000000"]
never_merge: [passport]
components: {full_build: local, night: local, local_edges: 1000000}
golden: {prefer: trusted, then: latest}
""",
    "conf/channels/desk.yml": """
channel: desk
title: 柜台
owner: desk
trust_rank: 1
datasets:
  members:
    path: "desk/{date}/*.csv"
    format: csv
    encoding: gbk
    time_zone: Asia/Shanghai
    arrives: daily
    required: true
    empty: accept
    fields:
      number: {from: 会员号, type: text, required: true, identifier: account}
      name: {from: 姓名, type: text}
      mobile: {from: [手机, 电话], type: text, identifier: phone}
      passport: {from: 护照, type: text, identifier: passport}
      born: {from: 生日, type: date, formats: ["yyyy/M/d"]}
      level: {from: 等级, type: enum, values: {金: gold, 普通: plain}, other: quarantine}
      changed: {from: 更新, type: timestamp, formats: ["yyyy/M/d H:mm"], required: true}
    into:
      members:
        columns:
          {account_id: number, full_name: name, mobile: mobile, born: born, level: level,
           changed_at: changed}
""",
    "conf/channels/line.yml": """
channel: line
title: 线上
owner: online
trust_rank: 2
datasets:
  trips:
    path: "line/{date}/*.jsonl"
    format: jsonl
    time_zone: Asia/Shanghai
    arrives: daily
    required: true
    empty: accept
    fields:
      id: {from: id, type: text, required: true}
      rider: {from: rider, type: text, identifier: account}
      mobile: {from: mobile, type: text, identifier: phone}
      state: {from: state, type: enum, values: {taken: taken, undone: undone}, other: quarantine}
      at: {from: at, type: timestamp, formats: ["yyyy-MM-dd HH:mm:ss"], required: true}
      fare: {from: fare, type: money, required: true}
      line: {from: line, type: text}
    into:
      trips:
        columns: {trip_id: id, state: state, taken_at: at, fare: fare, line: line}
""",
    "tag_definitions/basic/who.yml": """
defaults: {object: person, owner: tests, status: online}
tags:
  level: {title: 等级, description: 会员等级, pick: level, values: {gold: 金, plain: 普通}}
  born: {title: 生日, description: 生日, pick: born, type: date, pii: high, mask: month_day}
  age_band:
    {title: 年龄段, description: 按生日, bins: years_since(born), edges: [30],
     values: {young: 三十以下, old: 三十以上}}
""",
    "tag_definitions/use/trips.yml": """
defaults: {object: person, owner: tests, status: online, from: trips, where: "state = 'taken'"}
tags:
  fares:
    {title: 车费, description: 车费合计, measure: sum(fare), over: [7d, ever], type: money,
     absent: 0}
  trips: {title: 次数, description: 乘车次数, measure: count(), over: [7d, ever]}
  fav_line: {title: 常坐线路, description: 最常坐的线路, top: line, over: ever}
  rider:
    {title: 乘客类型, description: 按次数, cases: [{value: often, when: "trips_ever >= 2"}],
     else: seldom, values: {often: 常客, seldom: 稀客}}
""",
    "conf/quality/clean.trips.yml": """
checks:
  - {check: "fare >= 0", then: hold}
  - {check: "trip_id filled >= 100%", then: hold}
""",
}

_HEADER = "会员号,姓名,手机,护照,生日,等级,更新"
# Night 1: Ann's desk card and her rides share a phone; Bo has two desk cards and one phone (as one
# person); Cy rides without any card. One row's level is unknown and goes to quarantine.
_MEMBERS = {
    NIGHTS[0]: [
        "d1,王安安,+86 139-1111-0001,P1,1990/5/1,金,2024/4/30 9:00",
        "d2,李博文,13911110002,P2,1999/12/31,普通,2024/4/30 9:05",
        "d3,李博文,139 1111 0002,,1999/12/31,普通,2024/4/30 9:06",
        "d4,赵问问,13911110004,P4,2001/2/3,银,2024/4/30 9:07",
        "d5,孙无名,13800000000,,1980/1/1,普通,2024/4/30 9:08",
    ],
    # Night 2: Ann becomes plain; the fourth card is mended; a new card d6 bridges to Cy's phone.
    NIGHTS[1]: [
        "d1,王安安,13911110001,P1,1990/5/1,普通,2024/5/2 10:00",
        "d4,赵问问,13911110004,P4,2001/2/3,普通,2024/5/2 10:01",
        "d6,钱长风,13911110003,P6,1970/7/7,金,2024/5/2 10:02",
    ],
    # Night 3: two passports on one phone must stay two persons.
    NIGHTS[2]: ["d7,周二二,13911110001,P7,1992/2/2,普通,2024/5/3 8:00"],
}
_TRIPS = {
    NIGHTS[0]: [
        ("t1", "r1", "13911110001", "taken", "2024-05-01 08:00:00", "12.50", "red"),
        ("t2", "r1", "13911110001", "taken", "2024-05-01 18:00:00", "3.00", "red"),
        ("t3", "r3", "13911110003", "taken", "2024-05-01 09:30:00", "7.25", "blue"),
        ("t4", "", "", "taken", "2024-05-01 10:00:00", "1.00", "blue"),
    ],
    NIGHTS[1]: [
        ("t2", "r1", "13911110001", "undone", "2024-05-01 18:00:00", "3.00", "red"),
        ("t5", "r3", "13911110003", "taken", "2024-05-02 07:00:00", "9.75", "green"),
        ("t6", "r9", "", "taken", "2024-05-02 07:05:00", "not money", "green"),
    ],
    NIGHTS[2]: [("t7", "r3", "", "taken", "2024-05-03 07:00:00", "0.50", "green")],
}
_TRIP_FIELDS = ("id", "rider", "mobile", "state", "at", "fare", "line")


def write_tiny_project(folder: Path) -> Path:
    """The project with all its dumps under `folder`; returns the folder."""
    for name, text in CONF.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    for night in NIGHTS:
        write_dumps(folder, night)
    return folder


def write_dumps(folder: Path, night: date) -> None:
    """The two dumps of one night."""
    desk = folder / "landing" / "desk" / night.isoformat() / "members.csv"
    line = folder / "landing" / "line" / night.isoformat() / "trips.jsonl"
    for path in (desk, line):
        path.parent.mkdir(parents=True, exist_ok=True)
    desk.write_bytes("\r\n".join([_HEADER, *_MEMBERS[night], ""]).encode("gbk"))
    rows = (dict(zip(_TRIP_FIELDS, trip, strict=True)) for trip in _TRIPS[night])
    line.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
