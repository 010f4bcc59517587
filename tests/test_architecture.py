"""The walls of the map: who imports whom, who owns which third party, where I/O and clocks live."""

from functools import cache
from pathlib import Path

import pytest

from tests.architecture_rules import (
    EXCEPTIONS,
    PACKAGES,
    ROOT,
    RULES,
    Breach,
    Rule,
    borrowed_third_parties,
    excused,
    foreign_imports,
    imported,
    imports_of_unshipped_folders,
    modules_of,
    names_without_an_idea,
    oversized,
    parsed,
    rows_on_the_driver,
    table_io,
    unrepeatable_calls,
    unseeded_chance,
)
from tests.conftest import LONGEST


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_packages_keep_the_rule(rule: Rule) -> None:
    assert [breach for breach in breaches(rule) if not excused(rule, breach)] == []


@cache  # two tests ask each rule
def breaches(rule: Rule) -> list[Breach]:
    return [breach for module in modules_of(*sorted(PACKAGES)) for breach in rule(module)]


def test_examples_keep_their_size_and_names() -> None:
    for module in modules_of("examples", "benchmarks"):
        assert [*oversized(module), *names_without_an_idea(module)] == []


PLANTED = [
    (foreign_imports, "tags/plan.py", "from identity.nodes import nodes\n"),
    (foreign_imports, "tags/plan.py", "from lake import tables\n"),
    (foreign_imports, "ingestion/rows.py", "from identity import nodes\n"),
    (foreign_imports, "ingestion/rows.py", "import privacy.vault\n"),
    (foreign_imports, "lake/tables.py", "from language.parser import parse\n"),
    (foreign_imports, "insight/sizes.py", "def late():\n    from jobs import run_night\n"),
    (foreign_imports, "model/a.py", "from language import grammar\n"),
    (imports_of_unshipped_folders, "jobs/run.py", "from examples.complete_journey import demo\n"),
    (borrowed_third_parties, "identity/nodes.py", "from graphframes import GraphFrame\n"),
    (borrowed_third_parties, "jobs/run.py", "import delta.tables\n"),
    (borrowed_third_parties, "tags/load.py", "import yaml\n"),
    (names_without_an_idea, "tags/utils.py", ""),
    (names_without_an_idea, "lake/common/paths.py", ""),
    (oversized, "tags/long.py", "x = 1\n" * 301),
    (oversized, "tags/long.py", "def f():\n" + "    x = 1\n" * 40),
    (unrepeatable_calls, "tags/plan.py", "datetime.now()\n"),
    (unrepeatable_calls, "lake/tables.py", "from time import time\nimport time\ntime.time()\n"),
    (unrepeatable_calls, "identity/ids.py", "F.monotonically_increasing_id()\n"),
    (unrepeatable_calls, "identity/ids.py", "F.expr('UUID()')\n"),
    (rows_on_the_driver, "tags/plan.py", "import pyspark\ndef f(df):\n    return df.collect()\n"),
    (rows_on_the_driver, "tags/plan.py", "import pyspark\nn = df.where('x').count()\n"),
    (rows_on_the_driver, "tags/plan.py", "import model.engines\nn = engine.arrow(rows)\n"),
    (borrowed_third_parties, "lake/tables.py", "import duckdb\n"),
    (table_io, "tags/plan.py", "import pyspark\ndf.write.format('delta').save('x')\n"),
    (table_io, "tags/plan.py", "import pyspark\nself.spark.read.csv('x')\n"),
    (unseeded_chance, "tests/tags/test_a.py", "import random\nrandom.shuffle(rows)\n"),
    (unseeded_chance, "tests/tags/test_a.py", "rows.orderBy(F.rand())\n"),
    (table_io, "tags/plan.py", "rows.writeTo('x').append()\n"),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_a_planted_breach_is_found(rule: Rule, path: str, source: str) -> None:
    assert len(list(rule(parsed(path, source)))) == 1


HARMLESS = [
    (foreign_imports, "ingestion/rows.py", "from identity.normalise import phone\n"),
    (foreign_imports, "identity/nodes.py", "from privacy import tokens\nfrom . import hubs\n"),
    (foreign_imports, "jobs/run.py", "from tags.plan import plan\nfrom lake import tables\n"),
    (borrowed_third_parties, "identity/components.py", "import graphframes\n"),
    (oversized, "tags/fits.py", "def f():\n" + "    x = 1\n" * 39),
    (unrepeatable_calls, "tags/plan.py", '"""Never calls now()."""\nx = row.time()\n'),
    (rows_on_the_driver, "tags/plan.py", "import pyspark\ndf.groupBy('a').count()\nF.first('a')\n"),
    (rows_on_the_driver, "tags/plan.py", "import pyspark\n'abc'.count('a')\n"),
    (unseeded_chance, "tests/tags/test_a.py", "random.Random(7).shuffle(rows)\n"),
    (table_io, "insight/page.py", "import pyspark\nfile.write('x')\n"),
]


@pytest.mark.parametrize(("rule", "path", "source"), HARMLESS)
def test_what_only_looks_like_a_breach_passes(rule: Rule, path: str, source: str) -> None:
    assert list(rule(parsed(path, source))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_exception_is_still_needed(rule: Rule) -> None:
    broken = {place for breach in breaches(rule) for place in (breach.place, module_of(breach))}
    assert set(EXCEPTIONS.get(rule.__name__, {})) - broken == set()


def module_of(breach: Breach) -> str:
    return breach.place.partition(":")[0]


def test_every_folder_of_python_is_a_package() -> None:
    """Without __init__.py it is missing from the wheel, or tests/identity hides identity."""
    folders = {
        path.parent
        for top in (*PACKAGES, "tests", "examples")
        for path in (ROOT / top).rglob("*.py")
    }
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_tests_mirror_the_packages() -> None:
    """A test module of tests/<package> is named for a module there, or imports the package.

    The fixtures of the folder's conftest are the package at work: to import their types counts.
    """
    strays = []
    for module in modules_of("tests"):
        _, *folders, name = module.path.split("/")
        if not folders or not name.startswith("test_"):
            continue
        is_named = (ROOT / Path(*folders) / name.removeprefix("test_")).exists()
        abouts = (f"{folders[0]}.", f"tests.{folders[0]}.conftest")
        is_about = any(dotted.startswith(abouts) for dotted in imported(module))
        if not (is_named or is_about):
            strays.append(module.path)
    assert strays == []


def test_the_files_that_come_first_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).exists()] == []


def test_chance_in_tests_is_seeded() -> None:
    assert [breach for m in modules_of("tests") for breach in unseeded_chance(m)] == []


def test_no_job_bears_the_name_of_a_package() -> None:
    """Under spark-submit jobs/ comes first on the path, where it would hide the package."""
    assert {path.stem for path in (ROOT / "jobs").glob("*.py")} & PACKAGES == set()
