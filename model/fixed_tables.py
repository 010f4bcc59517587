"""Contracts of the tables every lake has, whatever its model; the ledger is in ops_tables."""

from __future__ import annotations

from model.contracts import IDENTIFIER_TYPE, Column, TableContract, columns
from model.ops_tables import OPS_TABLES

_VALIDITY = columns(
    "valid_from date | 生效日 | First business date the row holds",
    "valid_to date | 失效日 | First business date it no longer holds; null while open; "
    "equal to valid_from: taken back by a re-run, kept as a claim",
)

VAULT_IDENTIFIERS = TableContract(
    "vault", "identifiers",
    columns(
        "arrived_date date | 到达日 | Night the value was first seen",
        "kind string | 标识类型 | Kind of identifier",
        "scope string | 作用域 | Scope in which the value is one identifier",
        "token string | 令牌 | Keyed token of kind, scope and normalised value",
        "sealed binary | 密封值 | Normalised value, sealed (AES-SIV)",
    ),
    ("token",), "arrived_date", "标识库", "Sealed identifiers, one row per distinct value",
)
VAULT_PROFILES = TableContract(
    "vault", "profiles",
    columns(
        "arrived_date date | 到达日 | Night the value was first seen",
        "column_name string | 字段 | Canonical column the value belongs to",
        "token string | 令牌 | Keyed token of column and value, as clean tables hold it",
        "sealed binary | 密封值 | Value as text, sealed (AES-SIV)",
    ),
    ("column_name", "token"), "arrived_date", "档案库",
    "Sealed values of high-pii columns, one row per distinct value",
)

SIGHTINGS = TableContract(
    "identity", "sightings",
    columns(
        "business_date date | 业务日 | Night that added (or took away) the rows",
        "sighting_id bigint | 识别组 | 63 bits of a token over the set of identifiers",
        f"identifiers array<{IDENTIFIER_TYPE}> | 标识 | Its well-formed identifiers, a sorted set",
        "channel string | 渠道 | Channel of the rows",
        "dataset string | 数据集 | Dataset of the rows",
        "first_date date | 首见日 | First event day of these rows",
        "last_date date | 末见日 | Last event day of these rows",
        "row_count bigint | 行数 | Rows added; negative: taken away",
        "source_file string | 来源文件 | File of the rows: its new bytes take them away",
    ),
    ("sighting_id", "channel", "dataset", "first_date", "source_file"), "business_date", "识别组",
    "Additions and removals of sightings by night; the state at D is their sum over days up to D",
)
NODES = TableContract(
    "identity", "nodes",
    columns(
        "node_id bigint | 节点 | 63 bits of the identifier's token; of a later period, of token "
        "and first day",
        "kind string | 标识类型 | Kind of identifier",
        "scope string | 作用域 | Scope",
        "token string | 令牌 | Keyed token",
        "period_from date | 期始 | First day of a later period (past its window, or re-issued); "
        "null: the first",
        "first_date date | 首见日 | First event day",
        "last_date date | 末见日 | Last event day",
        "sighting_count bigint | 识别组数 | Sightings that hold it",
    )
    + _VALIDITY,
    ("node_id", "valid_from"), None, "标识节点", "Identifiers as nodes of the identity graph",
)
LINKS = TableContract(
    "identity", "links",
    columns(
        "sighting_id bigint | 识别组 | Sighting end of the link",
        "node_id bigint | 节点 | Identifier end of the link",
        "kind string | 标识类型 | Kind of the identifier",
        "rule string | 规则 | Rule that made it: shared identifier, or attached (weak kinds)",
        "sources array<string> | 来源 | channel.dataset it was seen in, sorted",
        "first_date date | 首见日 | First event day",
        "last_date date | 末见日 | Last event day",
        "row_count bigint | 行数 | Rows behind it",
    )
    + _VALIDITY,
    ("sighting_id", "node_id", "valid_from"), None, "识别关联",
    "Star links between sightings and identifiers that join persons",
)
ONE_IDS = TableContract(
    "identity", "one_ids",
    columns(
        "node_id bigint | 节点 | Sighting or identifier",
        "kind string | 类型 | 'sighting', or the identifier's kind",
        "one_id bigint | 客户号 | The person",
    )
    + _VALIDITY
    + columns(
        "seen_from date | 事件起 | First event day this row decides; null: all",
        "seen_to date | 事件止 | Last event day this row decides; null: all",
    ),
    ("node_id", "valid_from", "seen_from"), None, "客户映射", "The map from nodes to persons",
)
ONE_ID_EVENTS = TableContract(
    "identity", "one_id_events",
    columns(
        "business_date date | 业务日 | Night of the event",
        "one_id bigint | 客户号 | The person concerned",
        "event string | 事件 | minted, merged_into, split_from, retired, or anchored: another node "
        "stands for it",
        "other_one_id bigint | 对方客户号 | Person merged into, split from or attached to; "
        "null otherwise",
        "reason string | 原因 | Why, in words; 'redirected: …' where a number that led to another "
        "leads on, which changes no number of people",
        "node_id bigint | 节点 | Identifier or sighting that stands for the number: its anchor",
    ),
    ("one_id", "event", "other_one_id"), "business_date", "客户号事件", "What happened to OneIDs",
)
REJECTED_LINKS = TableContract(
    "identity", "rejected_links",
    columns(
        "sighting_id bigint | 识别组 | Sighting end of the refused link",
        "node_id bigint | 节点 | Identifier end",
        "kind string | 标识类型 | Kind of the identifier",
        "rule string | 规则 | Rule that refused it; window or re-issued: the sighting opens a new "
        "period of the identifier, whose node before this is",
    )
    + _VALIDITY,
    ("sighting_id", "node_id", "valid_from"), None, "被拒关联",
    "Links refused since they would join two values of a rule that a person has one of, or "
    "across periods of an identifier",
)
HUBS = TableContract(
    "identity", "hubs",
    columns(
        "node_id bigint | 节点 | The identifier that joins nobody",
        "kind string | 标识类型 | Kind",
        "scope string | 作用域 | Scope",
        "reason string | 原因 | max_sightings, max_peers, disagree or names",
        "sighting_count bigint | 识别组数 | Sightings that hold it",
        "peer_count bigint | 伴随数 | Most distinct values of one stronger kind beside it",
    )
    + _VALIDITY,
    ("node_id", "valid_from"), None, "公共标识", "Identifiers shared too widely to join persons",
)
REFUSED_IDENTIFIERS = TableContract(
    "identity", "refused_identifiers",
    columns(
        "business_date date | 业务日 | Night",
        "kind string | 标识类型 | Kind of identifier",
        "reason string | 原因 | The list it is on, invalid.<kind> or invalid.any; or blocked, "
        "by a correction",
        "source string | 来源 | channel.dataset it was seen in",
        "identifier_count bigint | 标识数 | Different identifiers refused",
        "value_count bigint | 值数 | Values of rows that show one of them, up to the night",
    ),
    ("kind", "reason", "source"), "business_date", "无效标识",
    "Well-formed identifiers that name nobody; ill-formed ones are counted in ops.files",
    is_snapshot=True,
)

TAG_CATALOG = TableContract(
    "tags", "tag_catalog",
    columns(
        "business_date date | 业务日 | Night",
        "tag string | 标签 | Tag",
        "column_name string | 列 | Column of the wide table",
        "table_name string | 表 | Wide table",
        "object string | 对象 | What it is about: person, or another object of the model",
        "category string | 分类 | Category path: folder/sub-folder/file",
        "title string | 标题 | Title",
        "description string | 说明 | Meaning in words",
        "kind string | 类别 | attribute, statistic, rule or model",
        "shape string | 形态 | Body key: pick, measure, calc, …",
        "type string | 类型 | number, integer, money, text, enum, bool, date, …",
        "window string | 窗口 | Window of this column; null: none",
        "value_titles map<string, string> | 取值 | Code → title",
        "unit string | 单位 | Unit",
        "absent string | 缺省 | Value where nothing matches",
        "owner string | 负责人 | Owner",
        "status string | 状态 | Status",
        "sources array<string> | 来源 | Tables and tags it reads, sorted",
        "pii string | 敏感级 | none, low or high",
        "definition_hash string | 定义指纹 | Hash of the definition",
        "every string | 计算周期 | Computed every day, week or month",
        "replaces string | 前身列 | Column of a retired tag that it continues",
        "version int | 版本 | 1 on its first night, one more with every other definition",
        "computed_date date | 计算日 | Night whose values it shows; null: not computed",
    ),
    ("column_name",), "business_date", "标签目录",
    "Every tag column, what it means and who owns it",
    is_snapshot=True,
)
CUSTOMER_TAGS = TableContract(
    "tags", "customer_tags",
    columns(
        "business_date date | 业务日 | Night",
        "one_id bigint | 客户号 | The person",
    ),
    ("one_id",), "business_date", "客户标签宽表",
    "One row per person and night, one column per tag",
    is_open=True, is_snapshot=True,
)
CUSTOMER_TAG_CHANGES = TableContract(
    "tags", "customer_tag_changes",
    columns(
        "business_date date | 业务日 | Night",
        "one_id bigint | 客户号 | The person",
        "tag string | 标签列 | Column of the wide table",
        "old_value string | 旧值 | Value on the night before, as text; null: none",
        "new_value string | 新值 | Value now, as text; null: none",
    ),
    ("one_id", "tag"), "business_date", "标签变化",
    "Tag values that changed since the night before",
)
STAGE_STATES = TableContract(
    "tags", "stage_states",
    columns(
        "business_date date | 业务日 | Night",
        "one_id bigint | 客户号 | The person",
        "tag string | 标签 | Tag of the shape stages",
        "stage string | 阶段 | Stage the person is in",
        "since date | 开始日期 | Night on which it was taken",
        "previous string | 上一阶段 | Stage before it; null: none",
        "entered map<string, bigint> | 进入次数 | Stage → times entered",
        "pending string | 待定阶段 | Another stage that holds, not yet long enough; null: none",
        "pending_since date | 待定起始日 | First night in a row on which it held",
    ),
    ("one_id", "tag"), "business_date", "阶段历史",
    "What the next night needs to know of tags with stages",
    is_snapshot=True,
)
TAG_METRICS = TableContract(
    "tags", "tag_metrics",
    columns(
        "business_date date | 业务日 | Night",
        "column_name string | 列 | Column of the wide table",
        "person_count bigint | 总人数 | Persons in the wide table",
        "filled_count bigint | 有值人数 | Persons with a value",
        "distinct_count bigint | 取值数 | Approximate distinct values",
        "mean double | 均值 | Mean of numeric tags; null otherwise",
        "minimum double | 最小 | Smallest value of numeric tags",
        "maximum double | 最大 | Largest value of numeric tags",
        "error string | 错误 | Why the tag could not be computed and is missing for everybody; "
        "null otherwise",
    ),
    ("column_name",), "business_date", "标签指标", "Coverage and spread of every tag column",
    is_snapshot=True,
)
DISTRIBUTIONS = TableContract(
    "insight", "distributions",
    columns(
        "business_date date | 业务日 | Night",
        "column_name string | 列 | Column of the wide table",
        "bucket_no int | 序 | Order of the bucket",
        "bucket string | 区间 | Value code, or the range's lower edge",
        "person_count bigint | 人数 | Persons; null where fewer than privacy.k",
    ),
    ("column_name", "bucket_no"), "business_date", "标签分布",
    "How persons spread over a tag's values",
    is_snapshot=True,
)

VAULT_TABLES = (VAULT_IDENTIFIERS, VAULT_PROFILES)
IDENTITY_HISTORIES = (NODES, LINKS, ONE_IDS, REJECTED_LINKS, HUBS)
IDENTITY_TABLES = (SIGHTINGS, *IDENTITY_HISTORIES, ONE_ID_EVENTS, REFUSED_IDENTIFIERS)
TAG_TABLES = (CUSTOMER_TAGS, CUSTOMER_TAG_CHANGES, STAGE_STATES, TAG_CATALOG, TAG_METRICS)
INSIGHT_TABLES = (DISTRIBUTIONS,)
FIXED_TABLES = (*VAULT_TABLES, *IDENTITY_TABLES, *OPS_TABLES, *TAG_TABLES, *INSIGHT_TABLES)


def raw_contract(
    channel: str, dataset: str, fields: tuple[str, ...], sealed: frozenset[str]
) -> TableContract:
    """The raw table of one dataset: its source fields as text, the `sealed` ones as bytes."""
    common = columns(
        "arrived_date date | 到达日 | Night",
        "business_date date | 路径日期 | Business date in the path",
        "source_file string | 来源文件 | File",
        "source_line bigint | 行号 | Line in it",
        "generation int | 版次 | Generation of the file",
    )
    own = (
        Column(name, "binary", pii="high") if name in sealed else Column(name, "string")
        for name in fields
    )
    return TableContract(
        "raw", f"{channel}__{dataset}", (*common, *own),
        ("source_file", "source_line", "generation"), "arrived_date",
        f"{channel} · {dataset} 原始行", f"Raw records of {channel}.{dataset}",
    )
