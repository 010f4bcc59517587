"""The rules that test_architecture.py holds every package to, over the trees of its modules.

A rule reads one module and yields what breaks it; exceptions are listed here, each with a reason.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
STAGES = {"ingestion", "identity", "tags", "audiences", "insight", "quality", "privacy"}
PACKAGES = STAGES | {"jobs", "model", "language", "lake"}

# Whole packages a package may import, and single modules of others.
MAY_IMPORT = {
    "model": set[str](),
    "language": {"model"},
    "lake": {"model"},
    **{stage: {"model", "language"} for stage in STAGES},
    "jobs": PACKAGES,
}
MAY_IMPORT_MODULES = {
    "ingestion": {"identity.normalise", "identity.parts", "privacy.tokens"},
    "identity": {"privacy.tokens"},
    "audiences": {"tags.catalog"},
}
OWNERS = {
    "graphframes": "identity/components.py",
    "great_expectations": "quality/",
    "delta": "lake/",
    "deltalake": "lake/",
    "yaml": "model/",
    "sqlglot": "language/",
    "duckdb": "model/shared_duckdb.py",
    "thrift": "model/parquet_footers.py",
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager"}

# The clock and chance, as Python calls them and as SQL text does.
NOT_REPEATABLE = {
    "now", "utcnow", "today", "rand", "randn", "shuffle", "uuid", "uuid1", "uuid4",
    "current_timestamp", "current_date", "localtimestamp", "monotonically_increasing_id",
}  # fmt: skip
NOT_REPEATABLE_DOTTED = {"time.time", "time.time_ns", "random.random", "random.choice"}

DRIVER_CALLS = {
    "collect", "toPandas", "toArrow", "toLocalIterator", "count", "show", "take", "first", "head",
    "foreach", "foreachPartition", "isEmpty",
    "arrow", "one_row",  # those of model.engines
}  # fmt: skip
# df.groupBy(…).count() describes a frame; it starts no job.
GROUPING = {"groupBy", "groupby", "rollup", "cube"}
TABLE_IO = {"read", "readStream", "write", "writeStream"}
TABLE_IO_CALLS = {"writeTo", "saveAsTable", "insertInto"}
TABLE_READS = {"spark.table", "session.table"}

LONGEST_MODULE, LONGEST_FUNCTION = 300, 40

# Places that may break one rule, each with its reason: a module, or module:top-level name.
# One that no longer breaks its rule fails the suite.
EXCEPTIONS: dict[str, dict[str, str]] = {
    # The clock belongs to ops.
    "unrepeatable_calls": {
        "lake/lease.py": "a lease has an owner of its own and a time of expiry",
        "lake/ledger.py:record_published": "the time of publishing, in ops",
    },
    # Bounded rows on the driver only.
    "rows_on_the_driver": {
        "identity/components.py": "the labels made in memory within their limit; rows of counts",
        "identity/evaluate.py:evaluated": "one row of counts and sums",
        "identity/ground.py:looked_at": "one row of counts",
        "identity/history.py:has_rows": "one row: is there a map the day before",
        "identity/lost_map.py:refuse_a_lost_map": "one row of counts",
        "identity/night_difference.py": "rows of counts",
        "identity/periods.py:_split": "one number",
        "identity/refused.py:refused_tokens": "a row for each kind and scope",
        "identity/sightings.py:check_numbers": "one row of counts",
        "identity/sightings.py:live_count": "one number",
        "ingestion/accounting.py": "a few rows for each file of the night",
        "ingestion/clean_rows.py:written_rows": "a few numbers of files",
        "ingestion/commonest_identifiers.py": "a row for each dataset and kind",
        "ingestion/cut_files.py": "a number for each file of the night, at most",
        "ingestion/file_ranges.py:results_of_ranges": "one small thing for each range of a file",
        "ingestion/ingest.py:_with_repeated": "one row of counts",
        "ingestion/sighting_rows.py:known_sets": "one row of counts",
        "ingestion/sighting_rows.py:_teller": "take of an Arrow array",
        "ingestion/sighting_rows.py:_sets_of": "take of an Arrow array",
        "privacy/tokens.py:once_each": "take of an Arrow array inside a task",
        "tags/kernel/metrics.py:_records": "a row of numbers for a hundred columns",
        "tags/kernel/queries.py:_answered": "one number",
        "tags/kernel/memory.py:handed_on_here": "states of persons who fit into this process",
        "tags/kernel/wide.py:absents_of": "one row of literals",
        "tags/kernel/prepared.py:Prepared": "columns of persons who fit into this process",
        "tags/queries.py:_answered": "one number: the most rows of a person",
    },
    # Task-side readers and writers of files, given a folder.
    "table_io": {
        "model/local_engine.py": "files in the engine's own folder, between it and the tasks",
        "model/task_files.py": "files that tasks have left, where Spark has to write them",
    },
}


class Module(NamedTuple):
    """A Python file: its path from the root, its tree and its length in lines."""

    path: str
    tree: ast.Module
    lines: int

    @property
    def package(self) -> str:
        return self.path.split("/")[0]

    @property
    def uses_spark(self) -> bool:
        return any(
            name.split(".")[0] == "pyspark" or name.startswith("model.engines")
            for name in imported(self)
        )


class Breach(NamedTuple):
    """Where (module:top-level name) and what."""

    place: str
    what: str


Rule = Callable[[Module], Iterator[Breach]]


def parsed(path: str, source: str) -> Module:
    return Module(path, ast.parse(source), source.count("\n"))


def modules_of(*folders: str) -> list[Module]:
    return [
        _module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    ]


@cache  # every rule reads every module
def _module(path: Path) -> Module:
    return parsed(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


@cache
def imported(module: Module) -> tuple[str, ...]:
    """Dotted names: `a.b` for `from a import b`; relative ones resolved."""
    return tuple(_imported(module))


def _imported(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.path.removesuffix(".py").split("/")[: -node.level or None]
            base = [*(parents if node.level else []), *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the name of the top-level function or class that holds it."""
    for top in module.tree.body:
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                yield getattr(top, "name", "<module>"), node


def dotted(target: ast.expr) -> str:
    """`time.time` for such a target; the last name alone when it hangs on something else."""
    if isinstance(target, ast.Attribute):
        owner = target.value
        return f"{owner.id}.{target.attr}" if isinstance(owner, ast.Name) else target.attr
    return target.id if isinstance(target, ast.Name) else ""


def last_name(target: ast.expr) -> str:
    return dotted(target).rpartition(".")[2]


def texts(module: Module) -> Iterator[ast.Constant]:
    """String constants that are not docstrings."""
    prose = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def foreign_imports(module: Module) -> Iterator[Breach]:
    allowed = MAY_IMPORT[module.package] | {module.package}
    single = MAY_IMPORT_MODULES.get(module.package, set())
    for name in imported(module):
        top = name.split(".")[0]
        is_single = any(name == one or name.startswith(f"{one}.") for one in single)
        if top in PACKAGES and top not in allowed and not is_single:
            yield Breach(module.path, f"imports {name}")


def imports_of_unshipped_folders(module: Module) -> Iterator[Breach]:
    for name in imported(module):
        if name.split(".")[0] in {"tests", "examples", "benchmarks"}:
            yield Breach(module.path, f"imports {name}, which is not in the wheel")


def borrowed_third_parties(module: Module) -> Iterator[Breach]:
    for name in imported(module):
        owner = OWNERS.get(name.split(".")[0])
        if owner and not module.path.startswith(owner):
            yield Breach(module.path, f"imports {name}, which belongs to {owner}")


def names_without_an_idea(module: Module) -> Iterator[Breach]:
    if FORBIDDEN_NAMES & set(module.path.removesuffix(".py").split("/")):
        yield Breach(module.path, "is named for no idea")


def oversized(module: Module) -> Iterator[Breach]:
    if module.lines > LONGEST_MODULE:
        yield Breach(module.path, f"has {module.lines} lines")
    for node in functions(module):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LONGEST_FUNCTION:
            yield Breach(f"{module.path}:{node.name}", f"has {length} lines")


def unrepeatable_calls(module: Module) -> Iterator[Breach]:
    if module.package == "jobs":
        return
    for holder, call in calls(module):
        name = dotted(call.func)
        if name in NOT_REPEATABLE_DOTTED or last_name(call.func) in NOT_REPEATABLE:
            yield Breach(f"{module.path}:{holder}", f"calls {name}() in line {call.lineno}")
    for node in texts(module):
        for name in sorted(NOT_REPEATABLE):
            if f"{name}()" in str(node.value).lower():
                yield Breach(module.path, f"spells {name}() in line {node.lineno}")


def rows_on_the_driver(module: Module) -> Iterator[Breach]:
    if module.package in STAGES and module.uses_spark:
        for holder, call in calls(module):
            if starts_a_job(call):
                what = f"calls .{last_name(call.func)}() in line {call.lineno}"
                yield Breach(f"{module.path}:{holder}", what)


def starts_a_job(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in DRIVER_CALLS:
        return False
    owner = call.func.value
    is_column = isinstance(owner, ast.Name) and owner.id in {"F", "functions"}
    is_grouped = isinstance(owner, ast.Call) and last_name(owner.func) in GROUPING
    # str.count and list.count have an argument, DataFrame.count has none.
    is_of_text = call.func.attr == "count" and bool(call.args)
    return not (is_column or is_grouped or is_of_text)


def table_io(module: Module) -> Iterator[Breach]:
    if module.package in {"lake", "jobs"}:
        return
    for node in ast.walk(module.tree):
        # frame.write.format(…), spark.read.csv(…); file.write(…) is a call and another thing.
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            name = node.value.attr if module.uses_spark and node.value.attr in TABLE_IO else ""
        elif isinstance(node, ast.Call):
            name = last_name(node.func) if is_table_call(node) else ""
        else:
            name = ""
        if name:
            yield Breach(module.path, f"uses .{name} in line {node.lineno}")


def is_table_call(call: ast.Call) -> bool:
    return last_name(call.func) in TABLE_IO_CALLS or dotted(call.func) in TABLE_READS


def unseeded_chance(module: Module) -> Iterator[Breach]:
    """For tests: chance must be the same on every run."""
    # `random` may also be a variable that holds a seeded generator.
    has_module = "random" in set(imported(module))
    for holder, call in calls(module):
        name, last = dotted(call.func), last_name(call.func)
        seeded = {"Random", "default_rng", "rand", "randn"}
        if (has_module and name.startswith("random.") and last != "Random") or (
            last in seeded and not call.args
        ):
            yield Breach(f"{module.path}:{holder}", f"calls {name}() without a seed")


def excused(rule: Rule, breach: Breach) -> bool:
    """Whether the breach's module, or its function there, is among the exceptions of the rule."""
    places = EXCEPTIONS.get(rule.__name__, {})
    return breach.place in places or breach.place.partition(":")[0] in places


RULES: list[Rule] = [
    foreign_imports,
    imports_of_unshipped_folders,
    borrowed_third_parties,
    names_without_an_idea,
    oversized,
    unrepeatable_calls,
    rows_on_the_driver,
    table_io,
]
