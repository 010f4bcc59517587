"""Masks: what they show, and that they never show the whole."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.masks import MASKS, masked, masker

# A star in a value could make it look like its own mask; people's values hold none.
values = st.text(st.characters(exclude_characters="*", exclude_categories=("Cs", "Cc")), min_size=1)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "欧阳修", "欧阳*"),
        ("name", "欧阳", "欧*"),
        ("name", "张", "****"),
        ("name", "Mary Ann", "M*** A***"),
        ("name", "J", "****"),
        ("phone", "+8613812345678", "138****5678"),
        ("phone", "1234567", "****67"),
        ("phone", "12345", "****"),
        ("email", "li.lei@mail.cn", "l***@mail.cn"),
        ("email", "l@mail.cn", "***@mail.cn"),
        ("email", "mail.cn", "****"),
        ("month_day", "1985-03-21", "****-03-21"),
        ("month_day", "1985", "****"),
        ("hidden", "anything", "****"),
        ("a mask nobody wrote", "anything", "****"),
    ],
)
def test_a_mask_shows_what_it_says(mask: str, value: str, shown: str) -> None:
    assert masked(mask, value) == shown


@pytest.mark.parametrize("mask", sorted(MASKS))
@given(value=values)
def test_no_mask_shows_the_whole_value(mask: str, value: str) -> None:
    assert value not in masked(mask, value) or len(value) == 1


@pytest.mark.parametrize("mask", ["name", "phone", "hidden", "month_day"])
@given(value=values.filter(lambda text: len(text) == 1))
def test_of_one_letter_nothing_is_shown(mask: str, value: str) -> None:
    assert masked(mask, value) == "****"


PIECES = st.sampled_from(
    ["+86", "138", "1234", "5678", "@", "mail.cn", "li", "l", " ", "张", "1985-03-21", "\n", "A"]
)
VALUES = st.lists(PIECES, max_size=5).map("".join) | st.sampled_from(
    ["+8613812345678", "li.lei@mail.cn", "a@b@c", "a@", "@a", "Mary Ann", "Mary A", "1985-03-21"]
)


@given(mask=st.sampled_from([*sorted(MASKS), "unknown"]), values=st.lists(VALUES | st.none()))
def test_masks_of_many_values_are_those_of_each(mask: str, values: list[str | None]) -> None:
    found = masker(mask)(pa.array(values, pa.string())).to_pylist()
    assert found == [None if value is None else masked(mask, value) for value in values]
