"""The CDNOW data as a project of its own: one channel file, two tables, a handful of tags.

lifetimes 0.11.3 brings the purchases of 23,570 customers of a CD shop (January 1997 to June 1998)
as text that blanks set apart, and a tenth of the customers as the literature sums them up.
"""

from __future__ import annotations

import shutil
from datetime import date
from importlib.util import find_spec
from pathlib import Path

SUMMED_UP, LAST = date(1997, 9, 30), date(1998, 6, 30)

CONF = {
    "conf/model.yml": """
objects:
  person: {id: one_id, title: 顾客, title_en: Customer, tags_table: customer_tags}
tables:
  purchases:
    title: 购买
    title_en: Purchases
    key: [channel, purchase_id]
    time: bought_at
    columns:
      purchase_id: {type: text, title: 购买号, title_en: Purchase}
      bought_at: {type: timestamp, title: 购买日, title_en: Day of the purchase}
      cd_count: {type: integer, title: 张数, title_en: CDs bought}
      amount: {type: money, title: 金额, title_en: Amount paid}
  buying_days:
    title: 购买日
    title_en: "Days with purchases, one row per customer and day"
    key: [channel, customer_id, bought_at]
    time: bought_at
    columns:
      customer_id: {type: text, title: 顾客号, title_en: Customer number}
      bought_at: {type: timestamp, title: 购买日, title_en: Day}
      amount: {type: money, title: 当日金额, title_en: Amount of the day}
""",
    "conf/identity.yml": """
kinds:
  account: {rank: 1, normalise: text, scope: channel, pii: low}
components: {full_build: local, night: local, local_edges: 1000000}
""",
    "conf/channels/cdnow.yml": """
channel: cdnow
title: CD商店
title_en: CD shop
owner: shop
datasets:
  purchases:
    path: "cdnow/{date}/*.txt"
    format: csv
    delimiter: " "
    time_zone: Asia/Shanghai
    arrives: sometimes
    required: false
    fields:
      customer_id: {type: text, required: true, identifier: account}
      date: {type: timestamp, formats: ["yyyyMMdd"], required: true}
      number_of_cds: {type: integer, required: true}
      dollar_value: {type: money, required: true}
    into:
      purchases:
        columns:
          purchase_id: "concat_ws(':', _file, cast(_line as text))"
          bought_at: date
          cd_count: number_of_cds
          amount: dollar_value
      buying_days:
        one_row_per: [customer_id, date]
        columns: {customer_id: customer_id, bought_at: date, amount: sum(dollar_value)}
""",
    "tag_definitions/purchases/history.yml": """
defaults: {object: person, owner: tests, status: online, from: purchases}
tags:
  purchases: {title: 购买次数, measure: count(), over: ever, type: integer}
  first_date: {title: 首次购买, measure: min(day), over: ever}
  last_date: {title: 末次购买, measure: max(day), over: ever}
  spend: {title: 金额, measure: sum(amount), over: ever, type: money}
""",
    "tag_definitions/purchases/repeats.yml": """
defaults: {object: person, owner: tests, status: online, from: buying_days}
tags:
  buying_days: {title: 购买天数, measure: days(), over: ever, type: integer}
  first_spend: {title: 首日金额, measure: first(amount), over: ever}
  x: {title: 复购天数, calc: buying_days - 1}
  t_x: {title: 末次购买周数, calc: "datediff(last_date, first_date) / 7"}
  t: {title: 观察周数, calc: days_since(first_date) / 7}
  zbar: {title: 复购日均金额, calc: "coalesce(share(spend - first_spend, x), 0)"}
""",
}


def data_folder() -> Path:
    """Where lifetimes keeps its data; the package itself is not loaded."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations, "pip install lifetimes==0.11.3"
    return Path(spec.submodule_search_locations[0]) / "datasets"


def write_cdnow_project(folder: Path) -> Path:
    """The project under `folder`, with the whole file as the dump of the first night."""
    for name, text in CONF.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    landing = folder / "landing" / "cdnow" / SUMMED_UP.isoformat()
    landing.mkdir(parents=True)
    shutil.copy(data_folder() / "CDNOW_master.txt", landing)
    return folder
