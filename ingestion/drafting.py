"""The draft of a channel file from a sample: sound as far as it goes, `# check:` where unsure.

The draft is text, since its comments matter as much as its keys. It shows no value of the sample
but the codes of enums.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingestion.field_guesses import FieldGuess, guess_fields
from ingestion.field_words import ascii_name
from ingestion.samples import Sample, Values
from ingestion.table_fit import FittedColumn, TableFit, best_fit
from ingestion.time_formats import names_zone
from model.canonical import CanonicalModel
from model.identity_policy import IdentityPolicy
from model.names import NAME

_DATE = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)")
_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff_][\w\u4e00-\u9fff]*")
# What YAML or Onefold's strict reading of it would not take for text.
_WORDS = re.compile(r"(?i)true|false|null|yes|no|on|off|y|n|~")


@dataclass(frozen=True)
class DraftPlace:
    """Where the drafted channel's dumps lie: names, path below the landing root, time zone.

    `is_landed`: the sample lies under the landing root, so that its path is the dumps'.
    """

    channel: str
    dataset: str
    path: str
    time_zone: str
    is_landed: bool


def draft_channel(
    sample: Sample, place: DraftPlace, model: CanonicalModel, policy: IdentityPolicy
) -> str:
    """The YAML text of conf/channels/<channel>.yml."""
    guesses = guess_fields(sample.columns, policy)
    fit = best_fit(guesses, _names(guesses), model, policy)
    names = _names(guesses, fit)  # a Chinese header gives its field its column's name
    fit = best_fit(guesses, names, model, policy)
    return "\n".join([
        *_head(place), *_source(sample, place, _need_zone(guesses, fit)), "    fields:",
        *_fields(guesses, names, fit, policy, place), *_into(fit, sample, guesses, names), "",
    ])  # fmt: skip


def path_pattern(path: str, channel: str) -> str:
    """The pattern of a dump's path: its day as {date} or {yyyymmdd}, what may differ as *."""
    found = PurePosixPath(path)
    folders, name = list(found.parts[:-1]), found.name
    marked = [_COMPACT.sub("{yyyymmdd}", _DATE.sub("{date}", part)) for part in folders]
    stem, dot, endings = name.partition(".")
    own = _COMPACT.sub("{yyyymmdd}", _DATE.sub("{date}", stem))
    if any("{" in part for part in marked):
        return "/".join([*marked, f"*{dot}{endings}"])
    if "{" in own:
        return "/".join([*marked, f"{own}{dot}{endings}"])
    return "/".join([*(marked or [channel]), "{date}", f"*{dot}{endings}"])


def _names(guesses: Sequence[FieldGuess], fit: TableFit | None = None) -> list[str]:
    """A name for every field: its header's, else that of the column it becomes."""
    fitted = {each.field: each.column for each in fit.columns} if fit else {}
    names: list[str] = []
    for n, guess in enumerate(guesses):
        header = guess.header.strip()
        wanted = header if NAME.fullmatch(header) else ""
        if not wanted and not header.isascii():
            wanted = fitted.get(n, "")
        wanted = wanted or ascii_name(header)[:50] or f"field_{n + 1}"
        names.append(wanted if wanted not in names else f"{wanted}_{n + 1}")
    return names


def _head(place: DraftPlace) -> list[str]:
    return [
        f"# Drafted from a sample by `onefold channels new`; look at every line with `{_CHECK}`,",
        "# then run `onefold check`.",
        f"channel: {place.channel}",
        f"title: {place.channel}  {_CHECK} the name people see",
        f'owner: ""  {_CHECK} the team that answers for the dumps',
        f"trust_rank: 9  {_CHECK} 1 is trusted most where sources disagree about a person",
        "status: shadow  # online: its identifiers link people and its rows feed tags",
        "datasets:",
        f"  {place.dataset}:",
    ]


_CHECK = "# check:"


def _source(sample: Sample, place: DraftPlace, needs_zone: bool) -> list[str]:
    whence = "" if place.is_landed else f"  {_CHECK} where the dumps arrive below the landing root"
    lines = [f"path: {json.dumps(place.path)}{whence}", f"format: {sample.format}"]
    if sample.format != "parquet":
        wide = f"  {_CHECK} gb18030 reads every gbk file" if sample.encoding == "gb18030" else ""
        guessed = f"  {_CHECK} no other encoding fits" if sample.encoding == "latin-1" else ""
        lines.append(f"encoding: {sample.encoding}{wide}{guessed}")
    if sample.format in ("csv", "tsv"):
        lines += _layout(sample)
    if needs_zone:
        lines.append(f"time_zone: {place.time_zone}  {_CHECK} of times that name no zone")
    lines += [
        f"arrives: daily  {_CHECK} daily, or sometimes",
        f"required: true  {_CHECK} true: a night waits until its dump is there",
        "empty: refuse",
    ]
    if sample.ragged:
        lines.append(f"{_CHECK} {sample.ragged:,} rows of the sample have other columns")
    if sample.nested:
        lines.append(f"{_CHECK} lists or objects are no values of a field: {len(sample.nested)}")
    return [f"    {line}" for line in lines]


def _layout(sample: Sample) -> list[str]:
    lines = []
    if sample.delimiter != ("\t" if sample.format == "tsv" else ","):
        runs = "  # any run of blanks" if sample.delimiter == " " else ""
        lines.append(f"delimiter: {json.dumps(sample.delimiter)}{runs}")
    if sample.quote != '"':
        lines.append(f"quote: {json.dumps(sample.quote)}")
    if not sample.has_header:
        names = ", ".join(sample.columns)
        lines.append(f"header: [{names}]  {_CHECK} no header row was found; name the columns")
    return lines


def _need_zone(guesses: Sequence[FieldGuess], fit: TableFit) -> bool:
    """Whether a field is a time whose text does not name its zone."""
    times = {n for n, guess in enumerate(guesses) if guess.type == "timestamp"}
    times |= {each.field for each in fit.columns if each.field and each.type == "timestamp"}
    return any(not all(map(names_zone, guesses[n].formats)) for n in times)


def _fields(
    guesses: Sequence[FieldGuess], names: Sequence[str], fit: TableFit, policy: IdentityPolicy,
    place: DraftPlace,
) -> list[str]:  # fmt: skip
    fitted = {each.field: each for each in fit.columns if each.field is not None}
    return [
        _field(guess, names[n], fitted.get(n), policy, place) for n, guess in enumerate(guesses)
    ]


def _field(
    guess: FieldGuess, name: str, fitted: FittedColumn | None, policy: IdentityPolicy,
    place: DraftPlace,
) -> str:  # fmt: skip
    type_ = fitted.type if fitted and fitted.type else guess.type
    keys = {"type": type_}
    if name != guess.header:
        keys = {"from": scalar(guess.header), **keys}
    if guess.is_required:
        keys["required"] = "true"
    if guess.kinds:
        keys["identifier"] = _identifier(guess.kinds, policy, place)
    if type_ in ("date", "timestamp"):
        keys["formats"] = f"[{', '.join(map(_in_quotes, guess.formats))}]"
    if type_ == "enum":
        codes = fitted.codes if fitted and fitted.codes else {code: code for code in guess.codes}
        keys["values"] = _values(codes)
        keys["other"] = "quarantine" if fitted and fitted.codes else "keep"
    text = ", ".join(f"{key}: {value}" for key, value in keys.items())
    doubts = [*guess.doubts, *_scope_doubt(guess.kinds, policy)]
    if fitted and fitted.codes:
        doubts.append("the codes of the sample; others go to quarantine")
    hidden = guess.is_personal and fitted is None
    if hidden:
        doubts.append("personal, and no column takes it: put it in when the model has one")
    told = f"  {_CHECK} {'; '.join(doubts)}" if doubts else ""
    return f"      {'# ' if hidden else ''}{name}: {{{text}}}{told}"


def _identifier(kinds: Sequence[str], policy: IdentityPolicy, place: DraftPlace) -> str:
    def one(kind: str) -> str:
        is_named = policy.kinds[kind].scope in ("global", "channel")
        return kind if is_named else f"{{kind: {kind}, scope: {place.channel}}}"

    listed = [one(kind) for kind in kinds]
    return listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"


def _scope_doubt(kinds: Sequence[str], policy: IdentityPolicy) -> list[str]:
    scopes = {policy.kinds[kind].scope for kind in kinds}
    if "channel" in scopes:
        return ["counts within this channel; name a scope that channels share, if they do"]
    return ["name the scope in which it counts"] if scopes - {"global"} else []


def _values(codes: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{scalar(code)}: {scalar(to)}' for code, to in codes.items())}}}"


def scalar(text: str) -> str:
    """A text as a YAML value or key that reads back as that text."""
    is_plain = _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text)
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _into(
    fit: TableFit, sample: Sample, guesses: Sequence[FieldGuess], names: Sequence[str]
) -> list[str]:
    table = fit.table
    sure = "" if fit.is_sure else f"  {_CHECK} other tables fit about as well"
    lines = [f"    into:{sure}", f"      {table.name}:"]
    keys = [each.field for each in fit.columns if each.column in table.key]
    by = [n for n in keys if n is not None]
    if len(by) == len(keys) and _are_shared([sample.columns[guesses[n].header] for n in by]):
        named = ", ".join(names[n] for n in by)
        told = f"several rows share {named}: the newest stands, or one_row_per"
        lines.append(f"        {_CHECK} {told}")
    lines.append("        columns:")
    for each in fit.columns:
        told = f"  {_CHECK} {each.doubt}" if each.doubt else ""
        column = f"{each.column}: {_quoted(each.expression)}{told}"
        lines.append(f"          {'# ' if each.is_open else ''}{column}")
    used = {each.field for each in fit.columns}
    left = [names[n] for n, g in enumerate(guesses) if n not in used and not g.kinds]
    if left:
        lines.append(f"          # without a column yet: {', '.join(left)}")
    return lines


def _in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _are_shared(keys: Sequence[Values]) -> bool:
    whole = [key for key in zip(*keys, strict=True) if None not in key]
    return len(set(whole)) < len(whole)


def _quoted(expression: str) -> str:
    return expression if NAME.fullmatch(expression) or expression == "_line" else (
        json.dumps(expression)
    )
