"""A small model, policy and channel of its own, so that no shipped file decides a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from ingestion.arrivals import arrived_files
from ingestion.channels import Channel, Dataset, read_channels
from ingestion.ingest import IngestedDataset, IngestionContext, ingest_dataset
from ingestion.layout import Layout, layout_of
from ingestion.planning import plan_files
from model.canonical import CanonicalModel, read_model
from model.engines import Engine, Rows, SparkEngine
from model.errors import Problems
from model.identity_policy import read_identity_policy
from model.local_engine import LocalEngine
from model.settings import IngestionSettings
from model.strict_yaml import parse_yaml
from privacy.tokens import TokenKey

NIGHT = date(2017, 3, 1)
KEY = TokenKey.from_secret("0123456789abcdef" * 2)
MODEL_TEXT = """
objects: {person: {id: one_id}}
tables:
  profiles:
    key: [channel, account_id]
    time: updated_at
    golden: true
    columns:
      account_id: {type: text}
      name: {type: text, pii: high, mask: name}
      family_name: {type: text, pii: high, mask: name, read_from: {column: name, as: family_name}}
      given_name: {type: text, pii: high, read_from: {column: name, as: given_name}}
      phone: {type: text, pii: high, mask: phone}
      birth_date: {type: date, pii: high, mask: month_day}
      address: {type: text, pii: high}
      street: {type: text, pii: high, read_from: {column: address, as: street}}
      postcode: {type: text, pii: low, read_from: {column: address, as: postcode}}
      city: {type: text}
      updated_at: {type: timestamp}
  orders:
    key: [channel, order_id]
    time: paid_at
    columns:
      order_id: {type: text}
      status: {type: enum, values: [paid, refunded]}
      paid_at: {type: timestamp}
      amount: {type: money}
      line_count: {type: integer}
  order_lines:
    key: [channel, order_id, line_no]
    time: paid_at
    columns:
      order_id: {type: text}
      line_no: {type: integer}
      paid_at: {type: timestamp}
      sku_id: {type: text}
      amount: {type: money}
"""
POLICY_TEXT = """
kinds:
  account: {rank: 1, normalise: text, scope: channel, pii: low}
  member_card: {rank: 2, normalise: text, pii: low}
  openid: {rank: 3, normalise: text, scope: app}
  phone: {rank: 4, normalise: phone}
  email: {rank: 5, normalise: email}
"""
LINES = """
channel: till
trust_rank: 3
datasets:
  lines:
    path: "till/{date}/*.csv"
    time_zone: Asia/Shanghai
    deleted: {field: op, values: [D]}
    fields:
      ticket:  {from: 小票号, type: text, required: true}
      line_no: {from: 行号, type: integer, required: true}
      card:    {from: 会员卡号, type: text, identifier: {kind: member_card, scope: loyalty}}
      mobile:  {from: [手机, 电话], type: text, identifier: phone}
      paid_at: {from: 时间, type: timestamp, formats: ["yyyy/M/d H:mm"], required: true}
      sku:     {from: 商品, type: text}
      amount:  {from: 金额, type: money, range: [0, 1000]}
      status:  {from: 状态, type: enum, values: {已付: paid, 退: refunded}}
      op:      {from: 操作, type: text}
    into:
      orders:
        one_row_per: [ticket]
        columns:
          {order_id: ticket, paid_at: min(paid_at), amount: sum(amount), status: first(status),
          line_count: count()}
      order_lines:
        columns: {order_id: ticket, line_no: line_no, paid_at: paid_at, sku_id: sku, amount: amount}
"""
MEMBERS = """
channel: crm
datasets:
  members:
    path: "crm/{yyyymmdd}.csv"
    encoding: gbk
    empty: accept
    fields:
      id:      {type: text}
      name:    {from: 姓名, type: text}
      mobile:  {from: 手机, type: text, identifier: [phone, email]}
      born:    {from: 生日, type: date, formats: ["yyyy/MM/dd"]}
      city:    {type: text}
      changed: {type: timestamp}
    into:
      profiles:
        columns:
          {account_id: id, name: name, phone: mobile, birth_date: born, city: city,
          updated_at: changed}
"""
ODD_SCOPE = "o'clock as `timestamp` as timestamp"  # any text names a scope
DESK = f"""
channel: desk
datasets:
  visits:
    path: "desk/{{date}}.jsonl"
    format: jsonl
    time_zone: Asia/Shanghai
    fields:
      id:     {{type: text}}
      first:  {{type: text}}
      last:   {{type: text}}
      mobile: {{type: text, identifier: {{kind: phone, scope: "{ODD_SCOPE}"}}}}
      note:   {{type: text}}
      seen:   {{type: timestamp}}
    into:
      profiles:
        columns:
          {{account_id: id, name: "concat(last, first)", phone: mobile, updated_at: seen}}
      orders:
        where: "starts_with(mobile, '+86')"
        columns: {{order_id: "nullif(note, '-')", status: "'paid'", paid_at: seen}}
"""


def large(spark: SparkSession) -> LocalEngine:
    """The local engine of a night of many rows: tasks write what they can."""
    return LocalEngine(spark, is_large=True)


ENGINES = (LocalEngine, large, SparkEngine)


def channels_of(*texts: str) -> tuple[tuple[Channel, ...], list[str]]:
    """The channels of some files and every problem, as `file:line: message`."""
    problems = Problems()
    model = read_model(parse_yaml(MODEL_TEXT, "model.yml", problems), problems)
    policy = read_identity_policy(parse_yaml(POLICY_TEXT, "identity.yml", problems), problems)
    nodes = {}
    for text in texts:
        node = parse_yaml(text.lstrip("\n"), "channel.yml", problems)
        nodes[f"{node.get('channel')}.yml"] = node
    found = read_channels(nodes, model, policy, problems)
    return found, [str(problem) for problem in sorted(problems.found)]


def sound_channel(text: str) -> tuple[Channel, Dataset]:
    """The one channel and dataset of a file without problems."""
    found, problems = channels_of(text)
    if problems:
        raise AssertionError("\n".join(problems))
    return found[0], found[0].datasets[0]


def layout(text: str, longest: int = 1_048_576) -> Layout:
    """The layout of a file's one dataset."""
    return layout_of(sound_channel(text)[1], IngestionSettings(longest_line=longest))


def the_model() -> CanonicalModel:
    """The model of these tests."""
    problems = Problems()
    return read_model(parse_yaml(MODEL_TEXT, "model.yml", problems), problems)


def context(landing: Path) -> IngestionContext:
    """The night of these tests over a landing folder."""
    problems, model = Problems(), the_model()
    policy = read_identity_policy(parse_yaml(POLICY_TEXT, "identity.yml", problems), problems)
    return IngestionContext(
        NIGHT, "Asia/Shanghai", model, policy, KEY, landing, IngestionSettings()
    )


@dataclass(frozen=True)
class Ingested:
    """A dataset's night, and the engine whose rows it holds."""

    night: IngestedDataset
    engine: Engine

    def table(self, rows: Rows | None) -> pa.Table:
        """The rows."""
        assert rows is not None
        return self.engine.arrow(rows)

    def rows(self, rows: Rows | None) -> list[dict[str, Any]]:
        """The rows as dictionaries; times without their zone, which is UTC."""
        return [
            {name: _naive(value) for name, value in row.items()}
            for row in self.table(rows).to_pylist()
        ]

    def columns(self, rows: Rows | None, *names: str) -> list[tuple[Any, ...]]:
        """Some columns of the rows, sorted."""
        return sorted((tuple(row[name] for name in names) for row in self.rows(rows)), key=str)


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def ingested(spark: SparkSession, engine: Engine, text: str, landing: Path) -> Ingested:
    """The file's one dataset, ingested from a landing folder as of the night."""
    channel, dataset = sound_channel(text)
    plan = plan_files(arrived_files(landing, channel, dataset, NIGHT), [], NIGHT, dataset)
    night = ingest_dataset(spark, engine, channel, dataset, plan.take, context(landing))
    return Ingested(night, engine)
