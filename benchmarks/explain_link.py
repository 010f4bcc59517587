"""How long `onefold explain link` takes, and whether what it tells is so:
`python -m benchmarks.explain_link FOLDER [TIMED [CHECKED]]`.

FOLDER is a project with a published night, of people by the million (docs/people.md) say. Every
answer that is timed is a process of its own; what one takes that has nothing to answer is told too.
Seconds of pairs that are one person's, of pairs between whom a link was cut, and of two persons at
random.

Of CHECKED pairs, all of one person must be told a path from the one to the other by links of the
night, and all that a link was cut between the rule that cut it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from jobs.definitions import load_definitions
from jobs.explain_link import explained
from jobs.explanation_page import Explanation
from jobs.identifier_lookup import PublishedIdentifiers, published_identifiers
from jobs.link_ends import both_ends
from jobs.night import key_of
from jobs.questions import published_or_refused
from model.fixed_tables import LINKS, NODES, ONE_IDS, REJECTED_LINKS

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
        select i.one_id, s.one_id as other, min(r.rule) as rule from rejected_links r
        join one_ids i on i.node_id = r.node_id
        join one_ids s on s.node_id = r.sighting_id
        where i.one_id <> s.one_id group by i.one_id, s.one_id
    ) pairs {_IN_A_MIX}
"""
_ANY = f"select * from (select distinct one_id from one_ids) numbers {_IN_A_MIX}"


def main(argv: list[str]) -> None:
    """Asks for each sort of pairs; prints how many are told what is so, and the median and the
    longest of their seconds."""
    folder = Path(argv[0])
    timed, checked = (int(word) for word in (*argv[1:], "10", "100")[:2])
    count = max(timed, checked)
    definitions = load_definitions(folder, "local", [])
    night = published_or_refused(definitions.project.lake_root)
    with published_identifiers(definitions, night, key_of(definitions.project)) as known:
        one_person, any_two = _of_one_person(known, count), _any_two(known, timed)
        rules = {(str(one), str(other)): rule for one, other, rule in _asked(known, _CUT, count)}
        leading = [_leads(known, _explained(known, pair)) for pair in one_person[:checked]]
        print(f"one person      {sum(leading)} of {len(leading)} are told a path of links")
        cuts = list(rules.items())[:checked]
        told = [rule in _rules(_explained(known, pair)) for pair, rule in cuts]
        print(f"a link was cut  {sum(told)} of {len(told)} are told the rule")
    sorts = {
        "nothing asked": [("no pair",)] * timed, "one person": one_person,
        "a link was cut": list(rules), "any two": any_two,
    }  # fmt: skip
    for sort, pairs in sorts.items():
        seconds = [_seconds(folder, pair) for pair in pairs[:timed]]
        middle, longest = statistics.median(seconds), max(seconds)
        print(f"{sort:15} {len(seconds)} times: median {middle:.1f} s, longest {longest:.1f} s")


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


def _explained(known: PublishedIdentifiers, pair: Pair) -> Explanation:
    return explained(known, both_ends(known, pair, ()), ())


def _leads(known: PublishedIdentifiers, found: Explanation) -> bool:
    """Whether a path is told that leads from the one to the other, by links of the night alone."""
    if not found.path:
        return False
    one, other = (end.node_id for end in found.ends)
    walked = [(step.start, step.end) for step in found.path]
    is_one_walk = [one, *(end for _, end in walked)] == [*(start for start, _ in walked), other]
    links = {(step.link.one, step.link.other) for step in found.path}
    listed = ", ".join(map(str, links))
    those = f"select count(*) as n from links where (sighting_id, node_id) in ({listed})"
    are = known.engine.one_row("links_of_path", those, links=known.holding(LINKS))
    ends = all({step.start, step.end} == {step.link.one, step.link.other} for step in found.path)
    return is_one_walk and ends and are["n"] == len(links)


def _rules(found: Explanation) -> set[str]:
    return {told.cut.rule for told in found.cuts}


def _seconds(folder: Path, words: Iterable[str]) -> float:
    command = [sys.executable, "-m", "jobs.command_line", "explain", "link", "--json"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--project", str(folder)], input="\n".join(words), text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    if done.returncode and "expected two" not in done.stderr:
        raise SystemExit(done.stderr)
    return seconds


if __name__ == "__main__":
    main(sys.argv[1:])
