"""The oracle's reading of the demo's dumps: files as they lie there, typed by SQL of its own.

Written from the channels' descriptions, never with the code under test. Times stay the shop's wall
clock (Asia/Shanghai), so that a time's date is its business day.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import phonenumbers
import pyarrow as pa

FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F)))
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))).replace("'", "''")
MACROS = f"""
create macro plain(x) as nullif(trim(translate(x, '{FULL_WIDTH}', '{HALF_WIDTH}'),
    ' \u3000\u00a0'), '');
create macro cents(x) as try_cast(x as decimal(18, 2));
create macro readable(x, value) as x is null or value is not null;
create macro sane(amount) as amount between 0 and 100000;
"""

# Every dump becomes a view of typed rows; a row that breaks a rule of its channel is left out.
POS = """
create table pos_lines as
with typed as (
    select path_date, file, line, plain(ticket) as order_id, try_cast(line_no as bigint) as line_no,
        try_strptime(paid, '%Y/%m/%d %H:%M') as paid_at, plain(store) as store_id,
        plain(sku) as sku_id, plain(dept) as category_l1, plain(category) as category_l2,
        case brand when '全国' then 'national' when '自有' then 'private' end as brand_type,
        plain(quantity) as quantity_text, try_cast(quantity_text as double) as quantity,
        cents(amount) as amount, plain(discount) as discount_text,
        cents(discount_text) as discount_amount, plain(coupon) as coupon_text,
        cents(coupon_text) as coupon_amount, plain(state) as state_text,
        case state_text when '已付' then 'paid' when '退' then 'refunded' end as status
    from pos)
select * from typed
where order_id is not null and line_no is not null and paid_at is not null
    and store_id is not null and sane(amount) and readable(quantity_text, quantity)
    and readable(discount_text, discount_amount) and readable(coupon_text, coupon_amount)
    and readable(state_text, status)
qualify row_number() over (partition by order_id, line_no, path_date
    order by paid_at desc, file desc, line desc) = 1;
"""
SHOP = """
create table shop_orders as
with typed as (
    select path_date, file, line, plain(text ->> 'order_no') as order_id,
        plain(text ->> 'state') as state_text,
        case state_text when 'PAID' then 'paid' when 'REFUNDED' then 'refunded' end as status,
        try_strptime(text ->> 'pay_time', '%Y-%m-%d %H:%M:%S') as paid_at,
        cents(text ->> 'total') as amount, cents(text ->> 'discount') as discount_amount,
        cents(text ->> 'coupon') as coupon_amount,
        try_cast(text ->> 'items' as bigint) as line_count, null::varchar as store_id
    from shop_orders_text)
select * from typed
where order_id is not null and paid_at is not null and sane(amount)
    and readable(state_text, status);

create table shop_items as
with typed as (
    select path_date, file, line, plain(text ->> 'order_no') as order_id,
        try_cast(text ->> 'seq' as bigint) as line_no, plain(text ->> 'state') as state_text,
        case state_text when 'PAID' then 'paid' when 'REFUNDED' then 'refunded' end as status,
        try_strptime(text ->> 'pay_time', '%Y-%m-%d %H:%M:%S') as paid_at,
        plain(text ->> 'sku') as sku_id, plain(text ->> 'dept') as category_l1,
        plain(text ->> 'category') as category_l2, plain(text ->> 'brand') as brand_type,
        try_cast(text ->> 'qty' as double) as quantity, cents(text ->> 'amount') as amount,
        cents(text ->> 'discount') as discount_amount, null::varchar as store_id
    from shop_items_text)
select * from typed
where order_id is not null and line_no is not null and paid_at is not null and sane(amount)
    and readable(state_text, status);
"""
APP = """
create table app_events as
with typed as (
    select path_date, file, line, plain(text ->> 'eid') as event_id,
        epoch_ms(try_cast(text ->> 'et' as bigint)) + interval 8 hour as occurred_at,
        plain(text ->> 'event') as event_text,
        case event_text when 'launch' then 'app_open' when 'sign_in' then 'login'
            when 'view_item' then 'page_view' when 'add_cart' then 'add_to_cart' end as name,
        plain(text ->> 'sid') as session_id, plain(text ->> 'page') as page,
        plain(text ->> 'sku') as sku_id, plain(text ->> 'dept') as category_l1,
        plain(text ->> 'os') as os
    from app)
select * from typed
where event_id is not null and occurred_at is not null and readable(event_text, name);
"""
WECHAT = """
create table wechat_messages as
with typed as (
    select path_date, file, line, plain(text ->> 'id') as interaction_id,
        try_strptime(text ->> 'time', '%Y-%m-%dT%H:%M:%S+08:00') as occurred_at,
        plain(text ->> 'event') as event_text,
        case event_text when 'send' then 'message_sent' when 'open' then 'message_opened'
            when 'click' then 'message_clicked' when 'coupon' then 'coupon_sent'
            when 'redeem' then 'coupon_redeemed' when 'bind' then 'card_bound' end as name,
        plain(text ->> 'campaign') as campaign_id,
        plain(text ->> 'campaign_type') as campaign_type, plain(text ->> 'coupon') as coupon_id
    from wechat)
select * from typed
where interaction_id is not null and occurred_at is not null and readable(event_text, name);
"""
# Of profiles only what measures may read: tokens stand for themselves, by the value they hide.
CRM = """
create table crm_members as
with typed as (
    select path_date, file, line, plain(card) as account_id,
        try_strptime(updated, '%Y/%m/%d %H:%M') as updated_at, plain(registered) as registered_text,
        try_strptime(registered_text, '%Y/%m/%d %H:%M') as registered_at,
        plain(birth) as birth_text, try_strptime(birth_text, '%Y/%m/%d') as birth_date,
        plain(members) as members_text, try_cast(members_text as bigint) as household_size,
        plain(kids) as kids_text, try_cast(kids_text as bigint) as kids_count,
        phones.e164 as phone_token,
        lower(regexp_extract(plain(email), '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$')) as email_text
    from crm left join phones on phones.written = crm.phone)
select *, nullif(email_text, '') as email_token from typed
where account_id is not null and updated_at is not null
    and readable(registered_text, registered_at) and readable(birth_text, birth_date)
    and readable(members_text, household_size) and readable(kids_text, kids_count);
"""
ACCOUNTS = """
create table shop_accounts as
with typed as (
    select path_date, file, line, plain(account) as account_id,
        try_strptime(updated, '%d-%m-%Y %H:%M:%S') as updated_at,
        plain(registered) as registered_text,
        try_strptime(registered_text, '%d-%m-%Y %H:%M:%S') as registered_at,
        plain(birth) as birth_text, try_strptime(birth_text, '%Y%m%d') as birth_date,
        phones.e164 as phone_token,
        lower(regexp_extract(plain(email), '^[^@\\s]+@[^@\\s]+[.][^@\\s]+$')) as email_text
    from accounts left join phones on phones.written = accounts.phone)
select *, nullif(email_text, '') as email_token from typed
where account_id is not null and updated_at is not null
    and readable(registered_text, registered_at) and readable(birth_text, birth_date);
"""

CSV_COLUMNS = {
    "pos": {
        "store": "门店", "ticket": "小票号", "line_no": "行号", "paid": "时间", "sku": "商品编码",
        "dept": "部门", "category": "品类", "brand": "品牌", "quantity": "数量", "amount": "金额",
        "discount": "优惠", "coupon": "用券", "state": "状态",
    },
    "crm": {
        "card": "会员卡号", "birth": "出生日期", "phone": "手机", "email": "电子邮箱",
        "members": "家庭人数", "kids": "孩子数", "registered": "入会时间", "updated": "更新时间",
    },
    "accounts": {
        "account": "user_id", "birth": "birthday", "phone": "mobile", "email": "email",
        "registered": "signed_up", "updated": "modified",
    },
}  # fmt: skip


def read_dumps(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Creates the typed tables of all six channels from every dump below the landing folder."""
    csv_table(connection, landing, "pos", "utf-8", ",")
    csv_table(connection, landing, "crm", "gbk", ",")
    csv_table(connection, landing, "accounts", "utf-8", ";")
    json_table(connection, landing, "shop/orders", "shop_orders_text")
    json_table(connection, landing, "shop/items", "shop_items_text")
    json_table(connection, landing, "app", "app")
    json_table(connection, landing, "wechat", "wechat")
    phone_table(connection)
    connection.execute(MACROS)
    for statements in (POS, SHOP, APP, WECHAT, CRM, ACCOUNTS):
        connection.execute(statements)


def csv_table(
    connection: duckdb.DuckDBPyConnection, landing: Path, name: str, encoding: str, delimiter: str
) -> None:
    """A table of the files' fields as text, under the oracle's names for them."""
    wanted, rows = CSV_COLUMNS[name], []
    for path_date, path in dumps(landing / name):
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            for row in reader:
                fields = (row[column] for column in wanted.values())
                rows.append((path_date, path.name, reader.line_num, *fields))
    create(connection, name, ["path_date", "file", "line", *wanted], rows)


def json_table(
    connection: duckdb.DuckDBPyConnection, landing: Path, folder: str, name: str
) -> None:
    """A table of the files' lines as JSON text; DuckDB takes the fields out of it."""
    rows = [
        (path_date, path.name, number, line)
        for path_date, path in dumps(landing / folder)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]
    create(connection, name, ["path_date", "file", "line", "text"], rows)


def dumps(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a channel with the date of their path, in order."""
    for path in sorted(folder.glob("*/*")):
        yield path.parent.name, path


def create(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:  # fmt: skip
    arrays = [pa.array(list(values)) for values in zip(*rows, strict=True)]
    given = pa.table(arrays, names=columns)
    connection.register("given", given)
    connection.execute(
        f"create table {name} as select * replace (path_date::date as path_date) from given"
    )
    connection.unregister("given")


def phone_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Every phone as somebody typed it, and its E.164 form by phonenumbers (null: no mobile)."""
    connection.execute("create table phones (written varchar, e164 varchar)")
    written = "select phone from crm union select phone from accounts"
    rows = [(text, e164(text)) for (text,) in connection.execute(written).fetchall() if text]
    connection.executemany("insert into phones values (?, ?)", rows)


def e164(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
