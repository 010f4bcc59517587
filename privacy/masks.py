"""Masks: what people may see of a high-pii value. A mask never shows the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

HIDDEN = "****"
_SHOWN_DIGITS = 7  # three in front and four behind, of the eleven of a Chinese mobile number
COMPOUND_SURNAMES = frozenset(re.findall(
    "..",
    "欧阳太史端木上官司马东方独孤南宫闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙"
    "钟离长孙宇文司徒鲜于司空令狐轩辕百里呼延东郭"
    "歐陽司馬東方獨孤南宮聞人諸葛尉遲赫連澹臺濮陽公孫仲孫鍾離鐘離長孫鮮于軒轅東郭",
))  # fmt: skip


def masked(mask: str, value: str) -> str:
    """`value` as the named mask shows it; an unknown mask hides all of it."""
    return MASKS.get(mask, _hidden)(value)


def masker(mask: str) -> Callable[[pa.Array], pa.Array]:
    """Values → what the named mask shows of them; null of null.

    Those of the usual form are masked all at once, the others one by one, with the same result.
    """
    show = MASKS.get(mask, _hidden)
    usual = _USUAL.get(mask)

    def shown(values: pa.Array) -> pa.Array:
        if usual is None:
            return _one_by_one(show, values)
        is_usual = pc.fill_null(pc.match_substring_regex(values, usual.form), False)
        masks = pc.replace_substring_regex(values, usual.pattern or usual.form, usual.shown)
        if is_usual.true_count + values.null_count == len(values):
            return masks
        others = pc.and_(pc.invert(is_usual), values.is_valid())
        return pc.replace_with_mask(masks, others, _one_by_one(show, values.filter(others)))

    return shown


def _one_by_one(show: Callable[[str], str], values: pa.Array) -> pa.Array:
    texts = (None if value is None else show(value) for value in values.to_pylist())
    return pa.array(texts, pa.string())


def _hidden(value: str) -> str:
    return HIDDEN


def _name(value: str) -> str:
    """张三 → 张*, 欧阳修 → 欧阳*, Mary Ann → M*** A***: of one letter nothing."""
    words = value.split()
    if len(words) == 1 and not value.isascii():
        return _chinese_name(words[0])
    return " ".join(word[0] + "***" if len(word) > 1 else HIDDEN for word in words) or HIDDEN


def _chinese_name(word: str) -> str:
    shown = 2 if word[:2] in COMPOUND_SURNAMES and len(word) > 2 else 1  # noqa: PLR2004
    return word[:shown] + "*" * (len(word) - shown) if len(word) > shown else HIDDEN


def _phone(value: str) -> str:
    """+8613812345678 → 138****5678; of fewer than eleven digits only the last two."""
    digits = re.sub(r"\D", "", value.removeprefix("+86"))
    if len(digits) >= _SHOWN_DIGITS + 4:
        return f"{digits[:3]}****{digits[-4:]}"
    return HIDDEN + digits[-2:] if len(digits) >= _SHOWN_DIGITS else HIDDEN


def _email(value: str) -> str:
    """li.lei@mail.cn → l***@mail.cn; of a one-letter name only the domain."""
    name, at, domain = value.rpartition("@")
    if not at or not name:
        return HIDDEN
    return f"{name[0]}***@{domain}" if len(name) > 1 else f"***@{domain}"


def _month_day(value: str) -> str:
    """1985-03-21 → ****-03-21: a birthday can be greeted, an age is not told."""
    match = re.fullmatch(r"\d{4,}-(\d\d)-(\d\d)", value)
    return f"****-{match[1]}-{match[2]}" if match else HIDDEN


MASKS: Mapping[str, Callable[[str], str]] = {
    "hidden": _hidden,
    "name": _name,
    "phone": _phone,
    "email": _email,
    "month_day": _month_day,
}


class _Usual(NamedTuple):
    """The form of most values of a mask, and what is shown for each match of `pattern` in them
    (default: the form)."""

    form: str
    shown: str
    pattern: str = ""


_USUAL: Mapping[str, _Usual] = {
    "name": _Usual(r"^[!-~]{2,}(?: [!-~]{2,})*\z", r"\1***", r"([!-~])[!-~]+"),
    "phone": _Usual(r"^\+86([0-9]{3})[0-9]{4}([0-9]{4})\z", r"\1****\2"),
    "email": _Usual(r"^([!-~])[!-~]+@([!-?A-~]*)\z", r"\1***@\2"),
    "month_day": _Usual(r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})\z", r"****\1"),
}
