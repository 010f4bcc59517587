"""Numbers, sizes, shares and days in words."""

from datetime import date

from insight import wording


def test_numbers_are_short_and_readable():
    assert [wording.figure(n) for n in (None, 0, 12.0, 3.14159, 0.004321, 1234.5)] == [
        "–", "0", "12", "3.14", "0.00432", "1,234",
    ]  # fmt: skip
    assert [wording.size(n) for n in (0, 999, 1000, 53_400, 9_515_916, 123_456_789)] == [
        "0 B", "999 B", "1 kB", "53.4 kB", "9.52 MB", "123 MB",
    ]  # fmt: skip
    assert [wording.seconds(n) for n in (0.84, 9.97, 42.4, 59.7, 185)] == [
        "0.8 s", "10.0 s", "42 s", "1 min 00 s", "3 min 05 s",
    ]  # fmt: skip


def test_shares_are_whole_percents_that_do_not_lie_at_the_ends():
    pairs = [(0, 10), (1, 1000), (1, 2), (999, 1000), (10, 10), (1, 0)]
    assert [wording.share(*pair) for pair in pairs] == ["0%", "<1%", "50%", ">99%", "100%", "–"]


def test_fewer_persons_than_k_are_not_counted_out():
    assert [wording.persons(n, 10) for n in (None, 0, 1, 9, 10)] == ["–", "0", "<10", "<10", "10"]


def test_days_are_written_in_both_languages():
    assert wording.day_in_words(date(2017, 10, 1)) == (
        "2017年10月1日 星期日", "Sunday, 1 October 2017",
    )  # fmt: skip


def test_names_of_other_projects_are_shown_as_they_are():
    assert wording.words(wording.STAGES, "compute_scores") == ("compute scores", "")
