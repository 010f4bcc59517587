"""Work side by side: all of it ends, then the first error is raised."""

from __future__ import annotations

import threading

import pytest

from model.errors import OnefoldError
from model.threads import both, side_by_side


def test_tasks_side_by_side_all_end_before_the_first_error_is_raised() -> None:
    ended = []

    def fail() -> None:
        ended.append("failed")
        raise OnefoldError("the first")

    with pytest.raises(OnefoldError, match="the first"):
        side_by_side([fail, *(lambda n=n: ended.append(n) for n in range(6))])  # type: ignore[misc]
    assert sorted(map(str, ended)) == ["0", "1", "2", "3", "4", "5", "failed"]


def test_both_run_at_once_and_each_gives_what_it_made() -> None:
    meeting = threading.Barrier(2, timeout=60)  # one alone would wait for the other in vain

    def met(what: str) -> str:
        meeting.wait()
        return what

    assert both(lambda: met("one"), lambda: met("other")) == ("one", "other")


@pytest.mark.parametrize("failing", ["one", "other"])
def test_an_error_of_either_is_raised_when_both_have_ended(failing: str) -> None:
    ended = []

    def end(what: str) -> None:
        ended.append(what)
        if what == failing:
            raise OnefoldError(what)

    with pytest.raises(OnefoldError, match=failing):
        both(lambda: end("one"), lambda: end("other"))
    assert sorted(ended) == ["one", "other"]
