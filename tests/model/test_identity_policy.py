"""conf/identity.yml: unknown kinds and equal ranks are named."""

from __future__ import annotations

from pathlib import Path

from model.errors import Problems
from model.identity_policy import read_identity_policy
from model.strict_yaml import load_yaml, parse_yaml

ROOT = Path(__file__).parents[2]


def test_the_shipped_policy_is_sound_and_orders_weak_kinds_by_rank() -> None:
    problems = Problems()
    policy = read_identity_policy(load_yaml(ROOT / "conf/identity.yml", problems), problems)
    assert problems.found == []
    assert policy.weak_kinds == ("device", "cookie")
    assert policy.rank("national_id") == 1


def test_unknown_kinds_and_equal_ranks_are_problems() -> None:
    problems = Problems()
    text = """
kinds:
  phone: {rank: 1, normalise: phone}
  email: {rank: 1, normalise: email}
never_merge: [phne]
invalid: {any: [""], mail: ["x"]}
"""
    read_identity_policy(parse_yaml(text, "i.yml", problems), problems)
    assert [str(problem) for problem in problems.found] == [
        "i.yml:5: unknown kind 'phne'; did you mean 'phone'?",
        "i.yml:6: unknown kind 'mail'; did you mean 'email'?",
        "i.yml:4: email has the rank of phone; ranks differ",
    ]


def test_options_that_do_not_fit_a_kind_are_problems() -> None:
    problems = Problems()
    text = """
kinds:
  phone: {rank: 1, normalise: phone, region: UK}
  mobile: {rank: 2, normalise: phone, region: ZZ}
  login: {rank: 3, normalise: text, aliases: provider}
  email: {rank: 4, normalise: email, aliases: tags}
  openid: {rank: 5, normalise: openid}
  mini_openid: {rank: 6, normalise: openid, scope: app}
  unionid: {rank: 7, normalise: unionid}
  gadget: {rank: 8, normalise: imie}
"""
    policy = read_identity_policy(parse_yaml(text, "i.yml", problems), problems)
    assert policy.kinds == {}
    assert len(problems.found) == 1
    problems = Problems()
    policy = read_identity_policy(
        parse_yaml(text.replace("imie", "imei"), "i.yml", problems), problems
    )
    assert [str(problem) for problem in problems.found] == [
        "i.yml:3: phone: unknown region 'UK'; expected two letters such as CN, or ZZ",
        "i.yml:5: login: aliases are of e-mail addresses; this one is normalised as text",
        "i.yml:7: openid: an OpenID counts within one app: add `scope: app`; across apps there is "
        "the UnionID",
    ]
