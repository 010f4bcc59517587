"""The ways that benchmarks/ingest.py compares, each run in a process of its own.

Prints one JSON object: seconds, peak megabytes, and what was found (rows, filled cells, sums).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from benchmarks.ingest_data import NIGHT
from benchmarks.ingest_onefold import clean_alone, whole_night
from jobs.memory import PeakMemory

MOBILE = r"1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}"
ADDRESS = (
    r"^[a-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\-]+)*@"
    r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9\-]*[a-z0-9]$"
)
GENDERS = {"M": "m", "male": "m", "1": "m", "F": "f", "female": "f", "2": "f"}
Values = dict[str, Any]


def dump(project: Path, name: str) -> str:
    return str(project / "landing" / name / f"{NIGHT}.csv")


def by_duckdb(project: Path) -> Values:
    quoted = ADDRESS.replace("'", "''")
    genders = " ".join(f"when '{a}' then '{b}'" for a, b in GENDERS.items())
    utc = "timezone('Asia/Shanghai', try_strptime({}, '%Y-%m-%d %H:%M:%S'))"
    profiles = f"""
        select member, '+86' || nullif(regexp_extract(called, '^(?:[+]?86)?({MOBILE})$', 1), '')
                   as phone,
               case when regexp_matches(mail, '{quoted}') then mail end as email,
               trim(name) as name, birth, case trim(gender) {genders} end as gender,
               trim(city) as city, {utc.format('changed')} as changed
        from (select *, regexp_replace(trim(phone), '[\\s().-]', '', 'g') as called,
                     lower(trim(email)) as mail,
                     cast(coalesce(try_strptime(born, '%Y-%m-%d'), try_strptime(born, '%Y/%m/%d'))
                          as date) as birth
              from read_csv('{dump(project, "profiles")}', all_varchar = true, header = true))
        where (born is null or birth is not null) and member is not null and changed is not null"""
    events = f"""
        select event, member, trim(place) as place, name, {utc.format('"at"')} as happened,
               try_cast(amount as decimal(18, 2)) as money, trim(sku) as sku, trim(city) as city,
               trim(order_no) as order_no
        from read_csv('{dump(project, "events")}', all_varchar = true, header = true)
        where (amount is null or try_cast(amount as decimal(18, 2)) between 0 and 100000)
          and name in ('view', 'search', 'cart', 'open') and event is not null"""
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        for name, query in (("profiles", profiles), ("events", events)):
            connection.execute(f"copy ({query}) to '{project}/{name}.parquet' (format parquet)")
    return {}


def by_polars(project: Path) -> Values:
    def utc(name: str) -> pl.Expr:
        time_ = pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
        return time_.dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC")

    born, mail = pl.col("born"), pl.col("email").str.strip_chars().str.to_lowercase()
    called = pl.col("phone").str.strip_chars().str.replace_all(r"[\s().-]", "")
    birth = pl.coalesce(
        born.str.to_date("%Y-%m-%d", strict=False), born.str.to_date("%Y/%m/%d", strict=False)
    )
    pl.scan_csv(dump(project, "profiles"), infer_schema=False).filter(
        born.is_null() | birth.is_not_null()
    ).select(
        "member", ("+86" + called.str.extract(rf"^(?:\+?86)?({MOBILE})$")).alias("phone"),
        pl.when(mail.str.contains(ADDRESS)).then(mail).alias("email"),
        pl.col("name").str.strip_chars(), birth.alias("birth"),
        pl.col("gender").str.strip_chars().replace_strict(GENDERS, default=None),
        pl.col("city").str.strip_chars(), utc("changed").alias("changed"),
    ).sink_parquet(project / "profiles.parquet", compression="snappy")  # fmt: skip
    money = pl.col("amount").cast(pl.Decimal(18, 2), strict=False)
    pl.scan_csv(dump(project, "events"), infer_schema=False).filter(
        (pl.col("amount").is_null() | money.is_between(0, 100_000))
        & pl.col("name").is_in(["view", "search", "cart", "open"])
    ).select(
        "event", "member", pl.col("place").str.strip_chars(), "name", utc("at").alias("happened"),
        money.alias("money"), *(pl.col(c).str.strip_chars() for c in ("sku", "city", "order_no")),
    ).sink_parquet(project / "events.parquet", compression="snappy")  # fmt: skip
    return {}


def values_of(profiles: str, events: str, names: dict[str, str]) -> Values:
    """What was found, read back from Parquet: the same whoever wrote it."""
    with duckdb.connect() as connection:
        people = connection.execute(f"""
            select count(*), count({names['phone']}), count({names['email']}),
                   count({names['name']}), count({names['birth']}), count(gender),
                   cast(max(epoch({names['changed']})) as bigint) from {profiles}
        """).fetchone()  # fmt: skip
        happened = connection.execute(f"""
            select count(*), sum({names['money']}), count(distinct {names['sku']}),
                   sum(cast(epoch({names['happened']}) as bigint)) from {events}
        """).fetchone()  # fmt: skip
    assert people is not None
    assert happened is not None
    rows = people[0] + happened[0]
    return {"rows": rows, "profiles": list(people), "events": list(map(str, happened))}


PLAIN = {name: name for name in ("phone", "email", "name", "birth", "changed", "money", "sku",
                                 "happened")}  # fmt: skip
CLEAN = {
    "phone": "phone_token", "email": "email_token", "name": "name_token",
    "birth": "birth_date_token", "changed": "updated_at", "money": "amount", "sku": "sku_id",
    "happened": "occurred_at",
}  # fmt: skip


def main(way: str, project: Path) -> None:
    """Runs one way and tells what it took and found."""
    os.environ.setdefault("ONEFOLD_PSEUDONYM_SECRET", "a secret of the benchmark, of no worth")
    if way in ("duckdb", "polars"):
        run = {"duckdb": by_duckdb, "polars": by_polars}[way]
        seconds, megabytes = _timed(lambda: run(project))
        files = [f"'{project}/{name}.parquet'" for name in ("profiles", "events")]
        values = values_of(*files, PLAIN)
    else:
        run_here = {"clean": clean_alone, "night": whole_night}[way]
        seconds, megabytes, files = run_here(project, _timed)
        values = values_of(*files, PLAIN if way == "clean" else CLEAN)
    told = {"seconds": seconds, "megabytes": megabytes, "values": values}
    sys.stdout.write(json.dumps(told, default=str) + "\n")


def _timed(run: Callable[[], object]) -> tuple[float, int]:
    with PeakMemory(0.1) as memory:
        began = time.monotonic()
        run()
        return time.monotonic() - began, memory.megabytes()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
