"""The dumps of benchmarks/ingest.py, and a project folder that takes them in.

Profiles and events of a made-up shop: a quarter of the bytes profiles, as untidy as people leave
them; no two runs differ.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

NIGHT = date(2024, 6, 1)
_PROFILES_PER_GB, _EVENTS_PER_GB = 1_650_000, 7_900_000

_PROFILES = """
select 'M' || lpad(cast(i as varchar), 9, '0') as member,
       case when u1 < 0.02 then 'n/a' when u1 < 0.3 then '+86 ' || phone
            when u1 < 0.4 then '86-' || phone else ' ' || phone || ' ' end as phone,
       case when u2 < 0.1 then '' when u2 < 0.4 then ' User' || i || '@Example.COM '
            else 'user' || i || '@example.com' end as email,
       case when u3 < 0.5 then 'Zhang, Wei' || (i % 5000)
            else 'Li "Lucky" Na' || (i % 7000) end as name,
       case when u4 < 0.01 then 'unknown' when u3 < 0.5 then strftime(day, '%Y-%m-%d')
            else strftime(day, '%Y/%m/%d') end as born,
       ['M', 'F', 'male', 'female', '', '1', '2'][1 + cast(floor(u5 * 7) as int)] as gender,
       'city' || cast(u5 * 300 as int) as city,
       strftime(timestamp '2024-05-31 23:59:59' - to_seconds(cast(u6 * 8e7 as int)),
                '%Y-%m-%d %H:%M:%S') as changed
from (select *, '13' || lpad(cast(hash(i) % 1000000000 as varchar), 9, '0') as phone,
             date '1960-01-01' + cast(u4 * 18000 as int) as day
      from (select i, {randoms} from range({rows}) as numbers(i)) as drawn) as people
"""
_EVENTS = """
select 'e' || substr(md5(cast(i as varchar)), 1, 16) as event,
       'M' || lpad(cast(cast(u1 * {people} as bigint) as varchar), 9, '0') as member,
       ['web', 'app', 'store', 'wechat', 'tmall', 'jd'][1 + cast(floor(u2 * 6) as int)] as place,
       ['view', 'search', 'cart', 'open'][1 + cast(floor(u3 * 4) as int)] as name,
       strftime(timestamp '2024-06-01 00:00:00' + to_seconds(cast(floor(u4 * 86399) as int)),
                '%Y-%m-%d %H:%M:%S') as at,
       case when u5 < 0.005 then '-' else printf('%.2f', u5 * 5000) end as amount,
       'sku-' || cast(u6 * 20000 as int) as sku,
       'city' || cast(u2 * 300 as int) as city,
       'order-' || substr(md5(cast(i // 3 as varchar)), 1, 20) as order_no
from (select i, {randoms} from range({rows}) as numbers(i)) as happened
"""
# Numbers in [0, 1) that are the same in every run and on every machine.
_RANDOMS = ", ".join(f"(hash(i, {n}) % 1000003) / 1000003.0 as u{n}" for n in range(1, 7))

CONF = {
    "conf/base.yml": "project: {title: Benchmark, time_zone: Asia/Shanghai}\n",
    "conf/model.yml": """
objects: {person: {id: one_id}}
tables:
  profiles:
    key: [channel, account_id]
    time: updated_at
    golden: true
    columns:
      account_id: {type: text}
      phone: {type: text, pii: high, mask: phone}
      email: {type: text, pii: high, mask: email}
      name: {type: text, pii: high, mask: name}
      birth_date: {type: date, pii: high, mask: month_day}
      gender: {type: enum, values: [m, f]}
      city: {type: text}
      updated_at: {type: timestamp}
  events:
    key: [channel, event_id]
    time: occurred_at
    columns:
      event_id: {type: text}
      place: {type: text}
      name: {type: enum, values: [view, search, cart, open]}
      occurred_at: {type: timestamp}
      amount: {type: money}
      sku_id: {type: text}
      city: {type: text}
      order_no: {type: text}
""",
    "conf/identity.yml": """
kinds:
  account: {rank: 1, normalise: text, scope: channel, pii: low}
  phone: {rank: 2, normalise: phone, region: CN}
  email: {rank: 3, normalise: email}
""",
    "conf/quality/clean.events.yml": """
checks:
  - {check: "[channel, event_id] unique", then: hold}
  - {check: "amount >= 0", then: hold}
""",
    "conf/channels/shop.yml": """
channel: shop
datasets:
  profiles:
    path: "profiles/{date}.csv"
    fields:
      member:  {required: true, identifier: account}
      phone:   {identifier: phone}
      email:   {identifier: email}
      name:    {type: text}
      born:    {type: date, formats: ["yyyy-MM-dd", "yyyy/MM/dd"]}
      gender:  {type: enum, other: "null", values: {M: m, male: m, "1": m, F: f, female: f, "2": f}}
      city:    {type: text}
      changed: {type: timestamp, required: true}
    into:
      profiles:
        columns:
          {account_id: member, phone: phone, email: email, name: name, birth_date: born,
           gender: gender, city: city, updated_at: changed}
  events:
    path: "events/{date}.csv"
    fields:
      event:    {required: true}
      member:   {identifier: account}
      place:    {type: text}
      name:     {type: enum, values: [view, search, cart, open]}
      at:       {type: timestamp, required: true}
      amount:   {type: money, range: [0, 100000]}
      sku:      {type: text}
      city:     {type: text}
      order_no: {type: text}
    into:
      events:
        columns:
          {event_id: event, place: place, name: name, occurred_at: at, amount: amount,
           sku_id: sku, city: city, order_no: order_no}
""",
}


def write_project(folder: Path, gigabytes: float) -> Path:
    """The project with its dumps of about that size; returns the folder."""
    for name, text in CONF.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    people = int(_PROFILES_PER_GB * gigabytes)
    rows = {"profiles": people, "events": int(_EVENTS_PER_GB * gigabytes)}
    with duckdb.connect() as connection:
        for name, query in (("profiles", _PROFILES), ("events", _EVENTS)):
            file = folder / "landing" / name / f"{NIGHT}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            sql = query.format(randoms=_RANDOMS, rows=rows[name], people=people)
            connection.execute(f"copy ({sql}) to '{file}' (header, delimiter ',')")
    return folder
