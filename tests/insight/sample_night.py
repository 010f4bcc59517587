"""A night as the report sees it: made up, of a size and shape like the demo's."""

from datetime import date
from random import Random

from insight.report_data import (
    BucketRow,
    CheckRow,
    CountRow,
    FileRow,
    IdentityHealth,
    ReasonRow,
    ReportData,
    StageRow,
    TagRow,
)

PERSONS = 2431
DAY = date(2017, 9, 30)


def sample_night(**changes):
    """A whole published night; `changes` replace fields of it."""
    night = {
        "title": "零售示范", "business_date": DAY, "outcome": "published", "k": 10,
        "stages": stages(), "files": files(), "reasons": reasons(), "checks": checks(),
        "identity": identity(), "tags": tags(), "currency": "CNY",
    }  # fmt: skip
    return ReportData(**(night | changes))


def stages():
    return (
        StageRow("ingest_channels", "done", 41.2, {
            "clean.orders": 1843, "clean.order_lines": 15022, "clean.events": 6210,
            "clean.interactions": 812, "clean.profiles": 4120, "vault.identifiers": 9022,
            "ops.quarantine": 61,
        }),
        StageRow("resolve_identity", "done", 23.8, {
            "identity.nodes": 11870, "identity.links": 15421, "identity.one_ids": 17310,
            "identity.one_id_events": 77,
        }),
        StageRow("compute_tags", "done", 31.5, {
            "tags.customer_tags": PERSONS, "tags.customer_tag_changes": 9120,
        }),
        StageRow("report_insight", "done", 6.1, {"insight.distributions": 512}),
        StageRow("publish", "done", 1.4, {}),
    )  # fmt: skip


DATASETS = [
    ("pos", "tickets", "pos/2017-09-30/tickets.csv", 14210, 212, 38),
    ("shop", "orders", "shop/2017-09-30/orders.jsonl", 811, 0, 4),
    ("shop", "accounts", "shop/2017-09-30/accounts.csv", 1702, 0, 0),
    ("crm", "members", "crm/2017-09-30/members.csv", 2468, 3, 17),
    ("wechat", "campaign_messages", "wechat/2017-09-30/messages.jsonl", 812, 0, 2),
    ("app", "events", "app/2017-09-30/events.jsonl", 6210, 41, 0),
]


def files():
    fresh = (
        FileRow(
            channel, dataset, path, DAY, "new", accepted * 137, 1, None,
            accepted + duplicates + quarantined + path.endswith("csv"), int(path.endswith("csv")),
            0, accepted, duplicates, quarantined,
        )
        for channel, dataset, path, accepted, duplicates, quarantined in DATASETS
    )
    again = FileRow("pos", "tickets", "pos/2017-09-29/tickets.csv", date(2017, 9, 29), "same", 99)
    return (*fresh, again)  # fmt: skip


def reasons():
    return (
        ReasonRow("quarantined", "pos", "tickets", "paid_at:not_a_timestamp", 31),
        ReasonRow("quarantined", "pos", "tickets", "amount:out_of_range", 7),
        ReasonRow("quarantined", "crm", "members", "card_no:missing", 17),
        ReasonRow("repaired", "crm", "members", "full_width", 412),
        ReasonRow("repaired", "crm", "members", "phone_country_code", 388),
        ReasonRow("refused", "crm", "members", "phone:not_a_mobile", 48),
        ReasonRow("refused", "shop", "accounts", "email:bad_shape", 21),
    )


def checks():
    tables = {
        "clean.orders": ["[channel, order_id] unique", "amount >= 0", "paid_at filled"],
        "clean.order_lines": ["[channel, order_id, line_no] unique", "quantity >= 0"],
        "clean.profiles": ["[channel, account_id] unique", "gender in [m, f]"],
        "identity.one_ids": ["[node_id, seen_from] unique", "rows >= 1"],
        "tags.customer_tags": ["one_id unique", "rows >= 1"],
    }
    passed = tuple(
        CheckRow(table, text, "hold", True, "0 of 1,843 rows fail")
        for table, texts in tables.items()
        for text in texts
    )
    return (
        *passed,
        CheckRow("clean.orders", "sighting_id filled >= 60%", "warn", False,
                 "58.1% filled; 772 of 1,843 rows are empty; in pos/2017-09-30/tickets.csv (772)"),
        CheckRow("clean.order_lines", "discount_amount >= 0", "hold", False,
                 "4 of 15,022 rows fail; in pos/2017-09-30/tickets.csv (4)", "收银系统已知问题"),
    )  # fmt: skip


def identity():
    return IdentityHealth(
        persons=PERSONS, sightings=9310, anonymous=2110, row_count=29800, minted=41, merged=12,
        split=1, retired=0,
        sizes=tuple(
            CountRow(name, count) for name, count in [
                ("1", 402), ("2", 611), ("3", 540), ("4", 388), ("5", 240), ("6-10", 214),
                ("11-20", 31), ("21+", 5),
            ]
        ),
        identifiers=tuple(
            CountRow(kind, count) for kind, count in [
                ("national_id", 1898), ("account", 1702), ("member_card", 2468), ("unionid", 1201),
                ("phone", 3011), ("email", 2890), ("device", 1433),
            ]
        ),
        hubs=(CountRow("phone", 1, "max_sightings"), CountRow("device", 14, "max_peers"),
              CountRow("phone", 47, "disagree")),
        rejected=(CountRow("phone", 6, "never_merge national_id"),),
        refused=(CountRow("phone", 48, "invalid.phone"), CountRow("device", 21, "invalid.device")),
    )  # fmt: skip


AGES = {
    "u18": "18岁以下", "a18": "18-24", "a25": "25-34", "a35": "35-49", "a50": "50岁以上",
}  # fmt: skip
TIERS = {"top": "高价值", "promising": "高潜力", "lapsed": "流失", "normal": "一般"}
STAGES = {"prospect": "潜客", "new": "新客", "loyal": "老客", "sleeping": "沉睡", "lost": "流失"}
DEPARTMENTS = ["GROCERY", "DRUG GM", "PRODUCE", "MEAT", "(other)"]
WINDOWS = {"7d": 0.31, "30d": 0.62, "90d": 0.86, "365d": 0.97, "ever": 1.0}


def tags():
    random = Random(7)
    spend = [
        measure("spend", f"消费金额 {window}", window, share, "money", random, 20, "元")
        for window, share in WINDOWS.items()
    ]
    orders = [
        measure("orders", f"订单数 {window}", window, WINDOWS[window], "integer", random, 1, "单")
        for window in ("30d", "365d")
    ]
    preference = "behaviour/preference"
    return (
        *spend,
        *orders,
        coded("gender", "性别", "basic/demography", {"m": "男", "f": "女"}, [1180, 1150]),
        coded("age_band", "年龄段", "basic/demography", AGES, [None, 312, 640, 801, 512]),
        coded("value_tier", "客户价值", "consumption/value", TIERS, [211, 540, 380, 1300], "rule"),
        coded("lifecycle", "生命周期", "behaviour/journey", STAGES, [60, 180, 1404, 500, 287],
              "rule"),
        coded("fav_category", "品类偏好", preference, {}, [802, 410, 333, 200, 77], "statistic",
              DEPARTMENTS),
        coded("is_app_user", "使用App", preference, {}, [1440, 991], "rule", ["true", "false"],
              "bool"),
    )  # fmt: skip


def measure(tag, title, window, share, kind, random, step, unit):
    filled = int(PERSONS * share)
    weights = [1 / (i + 1) ** 0.8 * random.uniform(0.8, 1.2) for i in range(12)]
    counts = [int(filled * weight / sum(weights)) for weight in weights]
    buckets = tuple(BucketRow(i, str(i * step), n) for i, n in enumerate(counts))
    return TagRow(
        tag, f"{tag}_{window}", "consumption/orders", title, "statistic", kind,
        description="已支付订单合计 Paid orders", shape="measure", window=window, unit=unit,
        owner="growth", status="online", sources=("orders",), person_count=PERSONS,
        filled_count=filled, mean=83.417 * step / 20, buckets=buckets,
    )  # fmt: skip


def coded(tag, title, category, titles, counts, kind="attribute", codes=None, type_name="enum"):
    codes = codes or list(titles)
    pairs = zip(codes, counts, strict=True)
    buckets = tuple(BucketRow(place, *pair) for place, pair in enumerate(pairs))
    return TagRow(
        tag, tag, category, title, kind, type_name, value_titles=titles, owner="crm-team",
        status="online", person_count=PERSONS, filled_count=sum(n or 4 for n in counts),
        buckets=buckets, pii="low" if tag == "gender" else "none",
    )  # fmt: skip
