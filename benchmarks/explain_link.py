"""How long `onefold explain link` takes: `python -m benchmarks.explain_link FOLDER [PAIRS]`.

FOLDER is a project with a published night, of people by the million (docs/people.md) say. Every
answer is a process of its own, whose start counts. Seconds of pairs that are one person's, of pairs
between whom a link was cut, and of two persons at random.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from jobs.definitions import load_definitions
from jobs.identifier_lookup import PublishedIdentifiers, published_identifiers
from jobs.night import key_of
from jobs.questions import published_or_refused
from model.fixed_tables import NODES, ONE_IDS, REJECTED_LINKS

Pair = tuple[str, str]
_IN_A_MIX = "order by sha256(cast(one_id as varchar)) limit {count}"
_ONE_PERSON = f"""
    with few as (
        select one_id from one_ids where kind <> 'sighting'
        group by one_id having count(*) > 3 {_IN_A_MIX}
    ), own as (
        select i.one_id, i.node_id from one_ids i semi join few f on f.one_id = i.one_id
    )
    select min(n.token) as one, max(n.token) as other
    from own o join nodes n on n.node_id = o.node_id group by o.one_id
"""
_CUT = f"""
    select * from (
        select distinct i.one_id, s.one_id as other from rejected_links r
        join one_ids i on i.node_id = r.node_id
        join one_ids s on s.node_id = r.sighting_id
        where i.one_id <> s.one_id
    ) pairs {_IN_A_MIX}
"""
_ANY = f"select * from (select distinct one_id from one_ids) numbers {_IN_A_MIX}"


def main(argv: list[str]) -> None:
    """Asks for each sort of pairs; prints the median and the longest of their seconds."""
    folder, count = Path(argv[0]), int(argv[1]) if len(argv) > 1 else 10
    definitions = load_definitions(folder, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    with published_identifiers(definitions, night, key_of(definitions.project)) as known:
        sorts = {
            "one person": _of_one_person(known, count),
            "a link was cut": [(str(one), str(other)) for one, other in _asked(known, _CUT, count)],
            "any two": _any_two(known, count),
        }
    for sort, pairs in sorts.items():
        seconds = [_seconds(folder, pair) for pair in pairs]
        middle, longest = statistics.median(seconds), max(seconds)
        print(f"{sort:15} {len(pairs)} pairs: median {middle:.1f} s, longest {longest:.1f} s")


def _asked(known: PublishedIdentifiers, sql: str, count: int) -> list[tuple[str, ...]]:
    hold = known.holding
    rows = known.engine.rows(
        "pairs", sql.format(count=count),
        one_ids=hold(ONE_IDS), nodes=hold(NODES), rejected_links=hold(REJECTED_LINKS),
    )  # fmt: skip
    return [tuple(row.values()) for row in known.engine.arrow(rows).to_pylist()]


def _of_one_person(known: PublishedIdentifiers, count: int) -> list[Pair]:
    pairs = _asked(known, _ONE_PERSON, count)
    values = known.plain({token for pair in pairs for token in pair})

    def word(token: str) -> str:
        return ":".join(values[token])

    return [(word(one), word(other)) for one, other in pairs]


def _any_two(known: PublishedIdentifiers, count: int) -> list[Pair]:
    numbers = [str(one) for (one,) in _asked(known, _ANY, 2 * count)]
    return list(zip(numbers[:count], numbers[count:], strict=True))


def _seconds(folder: Path, pair: Iterable[str]) -> float:
    command = [sys.executable, "-m", "jobs.command_line", "explain", "link"]
    began = time.monotonic()
    subprocess.run(
        [*command, "--project", str(folder), "--json"], input="\n".join(pair), text=True,
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return time.monotonic() - began


if __name__ == "__main__":
    main(sys.argv[1:])
