"""DuckDB's way of benchmarks/identity.py: normalise, list, find hubs and cluster, all in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

PHONE = (
    "regexp_extract(regexp_replace(translate({}, '０１２３４５６７８９', '0123456789'), "
    "'[\\s().-]', '', 'g'), '^(?:[+]?86|0086)?(1[3-9]\\d{{9}})$', 1)"
)
EMAIL = "lower(trim({}))"
CARD = "regexp_extract(upper(trim({})), '^\\d{{17}}[\\dX]$')"
PLAIN = "trim({})"
# kind, scope, rank, spelling; a kind of one name in two scopes would be two identifiers.
KINDS = {
    "national_id": ("-", 1, CARD), "account": ("shop", 2, PLAIN), "member_card": ("-", 3, PLAIN),
    "unionid": ("-", 4, PLAIN), "openid": ("mini", 5, PLAIN), "phone": ("-", 6, PHONE),
    "email": ("-", 7, EMAIL), "device": ("-", 8, EMAIL), "cookie": ("-", 9, PLAIN),
}  # fmt: skip
SOURCES = {
    "crm": {"member_card": "会员卡号", "national_id": "身份证号", "phone": "手机",
            "email": "电子邮箱"},
    "accounts": {"account": "user_id", "phone": "mobile", "email": "email",
                 "national_id": "id_card", "unionid": "wx_unionid"},
    "pos": {"member_card": "会员卡号", "phone": "手机"},
    "shop": {"account": "user_id", "phone": "delivery_phone", "cookie": "cookie"},
    "wechat": {"openid": "openid", "unionid": "unionid", "phone": "phone", "member_card": "card"},
    "app": {"device": "did", "account": "uid"},
    "service": {"phone": "phone", "email": "email", "member_card": "card", "account": "user"},
}  # fmt: skip
NOBODY = """
    value in ('', 'null', 'none', 'nan', 'n/a', 'undefined', 'unknown', 'anonymous', '-', '--', '0',
              '-1', '无', '未知', '匿名', '13800000000', '13800138000',
              '00000000-0000-0000-0000-000000000000')
    or kind = 'email' and (value like 'noreply@%' or value like '%@example.%'
        or not regexp_matches(value, '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$'))
"""
LIMITS = "max_sightings(kind, most) as (values ('phone', 20), ('email', 20), ('device', 50))"
PEERS = """
    max_peers(kind, most) as (values ('unionid', 10), ('phone', 5), ('email', 5), ('device', 8))
"""


def by_sql(project: Path) -> dict[str, Any]:
    """Persons of strong links, written as Parquet; how many identifiers and components."""
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        for statement in (_records(project), HOLDINGS, HUBS, LINKS):
            connection.execute(statement)
        _cluster(connection)
        connection.execute(f"copy labels to '{project}/persons.parquet' (format parquet)")
        kinds = connection.execute(
            "select kind, count(distinct node) from held group by kind order by kind"
        ).fetchall()
        count = connection.execute("select count(distinct component) from labels").fetchall()
    return {"identifiers": dict(kinds), "components": count[0][0]}


def quoted(column: str) -> str:
    return f'"{column}"'


def _records(project: Path) -> str:
    """Distinct sets of identifiers, a column per kind; each is a sighting."""
    selects = []
    for channel, columns in SOURCES.items():
        cells = [
            f"nullif({spelling.format(quoted(columns[kind]))}, '') as {kind}"
            if kind in columns else f"cast(null as varchar) as {kind}"
            for kind, (_, _, spelling) in KINDS.items()
        ]  # fmt: skip
        read = f"read_csv('{project}/landing/{channel}/2024-06-01/*.csv', all_varchar = true)"
        selects.append(f"select {', '.join(cells)} from {read}")
    kinds = ", ".join(KINDS)
    return f"""
        create temp table sightings as
        select hash({kinds}) as sighting, * from (select distinct * from ({
            " union all ".join(selects)
        })) where coalesce({kinds}) is not null
    """


HOLDINGS = f"""
    create temp table held as
    with listed as (
        unpivot sightings on {", ".join(KINDS)} into name kind value value
    ), ranks(kind, rank) as (values {
        ", ".join(f"('{kind}', {rank})" for kind, (_, rank, _) in KINDS.items())
    })
    select sighting, kind, hash(kind, value) as node, rank
    from listed join ranks using (kind) where not ({NOBODY})
"""
HUBS = f"""
    create temp table hubs as
    with {LIMITS}, {PEERS}, beside as (
        select w.node, w.kind, s.kind as stronger, count(distinct s.node) as peers
        from held w join held s on s.sighting = w.sighting and s.rank < w.rank
        group by w.node, w.kind, s.kind
    )
    select node from (select node, kind, count(*) as seen from held group by node, kind)
        join max_sightings using (kind) where seen > most
    union
    select node from beside left join max_peers using (kind)
    where kind <> 'national_id' and (peers > most or stronger = 'member_card' and peers > 1)
"""
LINKS = """
    create temp table links as
    select sighting as src, node as dst from held anti join hubs using (node) where rank < 8
"""


def _cluster(connection: duckdb.DuckDBPyConnection) -> None:
    """Every node goes to the smallest around it, and these to theirs; what is together becomes one
    node of a smaller graph, until no link is left."""
    connection.execute("create temp table ends as from links union all select dst, src from links")
    connection.execute(
        "create temp table labels as select distinct src as node, src as component from ends"
    )
    while connection.execute("select count(*) from ends").fetchall()[0][0]:
        connection.execute("""
            create or replace temp table smallest as
            with around as (select src, least(src, min(dst)) as first from ends group by src)
            select a.src as node, least(a.first, b.first) as component
            from around a join around b on b.src = a.first
        """)
        connection.execute("""
            create or replace temp table labels as
            select l.node, coalesce(s.component, l.component) as component
            from labels l left join smallest s on s.node = l.component
        """)
        connection.execute("""
            create or replace temp table ends as
            select distinct a.component as src, b.component as dst
            from ends e join smallest a on a.node = e.src join smallest b on b.node = e.dst
            where a.component <> b.component
        """)
