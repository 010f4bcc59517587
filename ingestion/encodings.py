"""Which encoding a text is written in, told by its mark, strict decoding and what it says."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_CHINESE = "gb18030"
_SIGNS_BETWEEN = re.compile("[\uff01-\uff5e\u3000-\u303f，。、；：？！（）《》“”‘’·￥…—]")
_LIKELY = 0.7  # share of signs that are everyday Chinese, of a text that is Chinese
_NULLS = 0.2  # share of zero bytes: every other byte of ASCII in UTF-16


def encoding_of(data: bytes) -> str:
    """The encoding of a text's beginning, as channel files name it.

    gb18030 stands for all Chinese ones: it reads every gbk file. latin-1, which any bytes are,
    where nothing else decodes to a text that makes sense.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if data.count(0) > len(data) * _NULLS and _decoded(data, "utf-16") is not None:
        return "utf-16"
    if _decoded(data, "utf-8") is not None:
        return "utf-8"
    chinese = _decoded(data, _CHINESE)
    return _CHINESE if chinese is not None and everyday_share(chinese) >= _LIKELY else "latin-1"


def everyday_share(text: str) -> float:
    """Share of the signs beyond ASCII that are everyday Chinese: the 3,755 characters of GB 2312's
    first level, punctuation, full-width letters. Bytes of other scripts decode to rare ones."""
    beyond = [sign for sign in text if not sign.isascii()]
    if not beyond:
        return 1.0
    return sum(map(_is_everyday, beyond)) / len(beyond)


def _is_everyday(sign: str) -> bool:
    encoded = sign.encode("gb2312", errors="ignore")
    first_level = encoded[:1] and 0xB0 <= encoded[0] <= 0xD7  # noqa: PLR2004
    return bool(first_level or _SIGNS_BETWEEN.match(sign))


def _decoded(data: bytes, encoding: str) -> str | None:
    """The text; None where the bytes are none. A last sign may be cut off."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    except UnicodeError:
        return None
