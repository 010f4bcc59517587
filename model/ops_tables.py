"""Contracts of zone ops: the ledger of files, runs, checks, published nights and access."""

from __future__ import annotations

from model.contracts import IDENTIFIER_TYPE, TableContract, columns

FILES = TableContract(
    "ops", "files",
    columns(
        "arrived_date date | 到达日 | Night that took the file in, or looked at it",
        "channel string | 渠道 | Channel",
        "dataset string | 数据集 | Dataset",
        "path string | 路径 | Path under the landing root",
        "path_date date | 路径日期 | Business date in the path",
        "sha256 string | 指纹 | SHA-256 of the bytes",
        "byte_count bigint | 字节 | Size",
        "generation int | 版次 | 1, then +1 for each new content of the path; 0: no bytes",
        "state string | 状态 | new, late, superseded, same, stale, refused, growing or missing; "
        "redriven: lines of an earlier night",
        "reason string | 原因 | Reason code of a file that was not taken in; null otherwise",
        "line_count bigint | 总行数 | Parsed records: header, blank and data",
        "header_count bigint | 表头 | Header records",
        "blank_count bigint | 空行 | Blank lines",
        "accepted_count bigint | 接受 | Accepted records",
        "duplicate_count bigint | 重复 | Records whose key a newer record of the file has",
        "quarantined_count bigint | 隔离 | Quarantined records",
        "repaired map<string, bigint> | 修复 | Changed values by rule",
        "refused_identifiers map<string, bigint> | 无效标识 | Refused ones by kind and reason",
        "late_count bigint | 迟到 | Records without a fault, of days before the night",
        "header array<string> | 列名 | Names of a csv file's columns; null where it has no header",
    ),
    ("path", "generation"), "arrived_date", "文件台账",
    "Every file of a night: those taken in with their accounting, and why others were not",
)
QUARANTINE = TableContract(
    "ops", "quarantine",
    columns(
        "arrived_date date | 到达日 | Night",
        "channel string | 渠道 | Channel",
        "dataset string | 数据集 | Dataset",
        "source_file string | 来源文件 | File",
        "source_line bigint | 行号 | Line in it",
        "generation int | 版次 | Generation of the file",
        "reasons array<string> | 原因 | Every reason code, sorted; null: redriven and accepted",
        "sealed_line binary | 密封原文 | The original line, sealed; null: redriven and accepted",
    ),
    ("source_file", "source_line", "generation"), "arrived_date", "隔离区",
    "Records that could not be accepted",
)
REDRIVES = TableContract(
    "ops", "redrives",
    columns(
        "requested_at timestamp | 申请时间 | When",
        "channel string | 渠道 | Channel",
        "dataset string | 数据集 | Dataset",
        "arrived_date date | 到达日 | Night that quarantined the lines; null: any",
        "reason string | 原因 | Reason code the lines have; null: any",
        "taken_date date | 处理日 | Night that takes the lines; null: the next one to run",
    ),
    ("requested_at", "channel", "dataset"), None, "重处理申请",
    "Quarantined lines to be tried again",
)
CORRECTIONS = TableContract(
    "ops", "corrections",
    columns(
        "correction_id bigint | 更正号 | 1, 2, 3, … in the order they were made",
        "kind string | 类别 | link, unlink, block, pin or tag",
        f"ends array<{IDENTIFIER_TYPE}> | 标识 | The identifiers it is about, by their tokens: two "
        "of a link or unlink, one of a block or pin, none of a tag",
        "one_id bigint | 客户号 | The number that a pin gives, or of the person whose tag is set",
        "author string | 提出人 | Who wants it so",
        "reason string | 原因 | Why",
        "from_date date | 起始业务日 | First night it holds",
        "until_date date | 截止业务日 | Last night it holds, both ends counting; null: no end",
        "made_at timestamp | 提出时间 | When it was made",
        "withdrawn_at timestamp | 撤回时间 | When until_date was drawn in; null: it stands",
        "tag string | 标签列 | Column of the wide table that is set; null: no tag",
        "value string | 取值 | The value it is set to, as text",
        "instead_of string | 原值 | The computed value it stood in for when it was made, as text",
    ),
    ("correction_id",), None, "人工更正",
    "What people know better: identifiers that are one person's or are not, names of nobody, pins",
)
RUNS = TableContract(
    "ops", "runs",
    columns(
        "business_date date | 业务日 | Night",
        "run_id string | 运行 | Run",
        "stage string | 阶段 | Stage",
        "outcome string | 结果 | done, held or failed",
        "started_at timestamp | 开始 | Start",
        "seconds double | 秒 | Wall time",
        "peak_memory_mb bigint | 内存峰值 | Peak resident memory of the run's processes so far, MB",
        "row_counts map<string, bigint> | 行数 | Rows written by table",
    ),
    ("run_id", "stage"), None, "运行记录", "One row per stage of a run",
)
QUALITY_RESULTS = TableContract(
    "ops", "quality_results",
    columns(
        "business_date date | 业务日 | Night",
        "run_id string | 运行 | Run",
        "table_name string | 表 | zone.table, or channel.dataset",
        "code string | 编码 | Name of the check, as --accept takes it",
        "check_text string | 检查 | The check as written",
        "severity string | 级别 | hold, quarantine, warn; stale: the tag keeps its values",
        "is_passed boolean | 通过 | Whether it holds",
        "observed string | 观测 | Observed aggregate; never a row's value",
        "accepted_because string | 放行原因 | Reason given with --accept; null otherwise",
    ),
    ("run_id", "table_name", "check_text"), None, "质量结果", "Results of the quality gates",
)
SLICE_METRICS = TableContract(
    "ops", "slice_metrics",
    columns(
        "business_date date | 业务日 | Night",
        "table_name string | 表 | zone.table, or channel.dataset",
        "column_name string | 列 | Column, field or kind of identifier; null: of the whole slice",
        "metric string | 指标 | rows, filled, distinct, share, repeated or one_value",
        "category string | 类别 | Category of a share, … for all others; null otherwise",
        "value double | 值 | Rows; share of rows with a value; different values per value; shares",
    ),
    ("table_name", "column_name", "metric", "category"), "business_date", "质量指标",
    "Numbers of the night's rows that later nights are compared with",
)
PUBLISHED = TableContract(
    "ops", "published",
    columns(
        "business_date date | 业务日 | Night",
        "run_id string | 运行 | Run that published it",
        "published_at timestamp | 发布时间 | When",
        "versions map<string, bigint> | 版本 | Delta version of every table",
        "definitions_hash string | 定义指纹 | Hash of the project's definitions",
    ),
    ("run_id",), None, "发布", "One row per published night: readers see the last one",
)
AUDIT = TableContract(
    "ops", "audit",
    columns(
        "at timestamp | 时间 | When",
        "user_name string | 操作人 | Login name of the person who ran the command",
        "command string | 命令 | The command, without the identifiers it was given",
        "purpose string | 用途 | Reason given for it; null: none",
        "row_count bigint | 行数 | Rows shown or changed",
    ),
    ("at", "user_name", "command"), None, "审计",
    "Every command that revealed or changed personal data",
)

RESOLVED = TableContract(
    "ops", "resolved",
    columns(
        "business_date date | 业务日 | Night",
        "run_id string | 运行 | Run that resolved it",
        "definitions_hash string | 定义指纹 | Hash of what decides: policy, channels, code",
        "slices_hash string | 输入指纹 | Hash of the files of sightings and vault up to the night",
        "versions map<string, bigint> | 版本 | Delta version of every identity table it wrote",
    ),
    ("business_date",), None, "归并依据",
    "What the map of the last night was made of; while that is so, the next night looks at "
    "what changed only. No row while a night is being written",
)
TILED = TableContract(
    "ops", "tiled",
    columns(
        "table_name string | 表 | Clean table",
        "business_date date | 业务日 | Night for which its tile stands",
        "base_date date | 基准日 | Night on which the base of the tile was made",
        "base_count bigint | 基准行数 | Rows of the base",
        "columns array<string> | 列 | Columns of the clean table that the tile has",
        "made_of string | 输入指纹 | Hash of how rows are read, of their files and of the map",
    ),
    ("table_name", "business_date"), None, "标签行缓存",
    "Which rows by person the nights keep in order, so that the next one adds what changed only. "
    "While a tile is being written its night has no row",
)
RULED = TableContract(
    "ops", "ruled",
    columns(
        "node_id bigint | 节点 | Sighting or identifier",
        "ruling bigint | 裁定 | 63 bits of a hash of what a rule says about it",
    ),
    ("node_id", "ruling"), None, "裁定指纹",
    "What rulings said on the last night: a node of which they say otherwise is looked at again",
)
FIRST_HELD = TableContract(
    "ops", "first_held",
    columns(
        "business_date date | 业务日 | Night that told it first, or the last full build",
        "sighting_id bigint | 触点 | Sighting",
        "node_id bigint | 节点 | Identifier it holds, whatever the period",
        "rank int | 强弱 | Rank of its kind, 1 the strongest",
        "is_weak boolean | 弱标识 | Whether its kind attaches and never merges",
        "is_silent boolean | 可转手 | Whether its kind may be re-issued after a silence",
    ),
    # A sighting is its identifiers: seen again, it brings no row.
    ("sighting_id", "node_id"), "business_date", "历来标识",
    "Which identifiers were ever held, as numbers: each night adds what it sees",
)
LISTED = TableContract(
    "ops", "listed",
    columns(
        "kind string | 标识类型 | Kind of identifier",
        "scope string | 作用域 | Scope",
        "token string | 令牌 | Keyed token of a value that names nobody",
        "reason string | 原因 | The list it is on: invalid.<kind> or invalid.any",
    ),
    ("token",), None, "无效值",
    "Values on `invalid` lists up to the last night: the next one opens what came since",
)

OPS_TABLES = (
    FILES, QUARANTINE, REDRIVES, CORRECTIONS, RUNS, QUALITY_RESULTS, SLICE_METRICS, PUBLISHED,
    AUDIT, RESOLVED, RULED, FIRST_HELD, LISTED, TILED,
)  # fmt: skip
