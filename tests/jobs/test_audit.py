"""Who let a check pass has a name, whatever the machine."""

from __future__ import annotations

import getpass
import os

import pytest

from jobs.audit import user_name


def test_a_person_is_known_by_the_login_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "lin")
    assert user_name() == "lin"


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_where_the_machine_knows_no_names_the_number_stands(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert user_name() == f"uid {os.getuid()}"
