"""conf/model.yml becomes tables with contracts; what is wrong is named by line."""

from __future__ import annotations

from pathlib import Path

from model.canonical import COMMON_COLUMNS, read_model
from model.errors import Problems
from model.project import load_project
from model.strict_yaml import parse_yaml

ROOT = Path(__file__).parents[2]


def _problems(text: str) -> list[str]:
    problems = Problems()
    read_model(parse_yaml(text, "model.yml", problems), problems)
    return [str(problem) for problem in problems.found]


def test_the_shipped_model_is_sound_and_titled_in_both_languages() -> None:
    problems = Problems()
    model = load_project(ROOT, "local", [], problems).model
    assert problems.found == []
    for table in model.tables.values():
        for name, column in table.columns.items():
            assert column.title, f"{table.name}.{name}"
            assert column.title_en, f"{table.name}.{name}"


def test_high_pii_columns_are_stored_as_token_and_mask() -> None:
    problems = Problems()
    text = "tables: {t: {key: [a], columns: {a: {type: text}, b: {type: date, pii: high}}}}"
    table = read_model(parse_yaml(text, "m.yml", problems), problems).tables["t"]
    own = table.contract.column_names[len(COMMON_COLUMNS) :]
    assert own == ("a", "b_token", "b_mask")
    assert table.high_pii == ("b",)


def test_all_problems_of_a_model_are_named_at_once() -> None:
    text = """
objects:
  person: {id: one_id}
tables:
  Orders: {key: [id], columns: {id: {type: text}}}
  visits:
    key: [id, nme]
    time: at
    object: persn
    columns:
      id: {type: text, pii: high}
      at: {type: text}
      day: {type: date}
      fare: {type: cash}
sources:
  visits: {of: visits, where: "x = 1"}
  paid: {of: oders, where: "x = 1"}
"""
    found = _problems(text)
    assert any("model.yml:5: 'Orders' is no name" in line for line in found)
    assert any(":14: type: expected text or integer" in line for line in found)
    assert any("unknown table 'oders'" in line for line in found)


def test_what_a_part_is_read_from_is_checked() -> None:
    text = """
tables:
  people:
    key: [id]
    columns:
      id: {type: text}
      born: {type: date}
      name: {type: text, pii: high}
      given: {type: text, pii: high, read_from: {column: name, as: given_name}}
      family: {type: text, pii: low, read_from: {column: name, as: family_name}}
      middle: {type: text, pii: high, read_from: {column: given, as: given_name}}
      nick: {type: text, pii: high, read_from: {column: nmae, as: given_name}}
      place: {type: text}
      street: {type: text, read_from: {column: place, as: street}}
      age: {type: text, read_from: {column: born, as: street}}
      year: {type: integer, read_from: {column: place, as: postcode}}
      code: {type: text, pii: low, read_from: {column: name, as: postcode}}
      zip: {type: text, read_from: {column: name, as: postcode}}
"""
    assert _problems(text) == [
        "model.yml:10: family: part of 'name', which is pii high; expected pii: high",
        "model.yml:11: middle: read_from: 'given' is a part itself; name what it is read from",
        "model.yml:12: nick: read_from: unknown column 'nmae'; did you mean 'name'?",
        "model.yml:15: age: read_from: 'born' is date; expected text",
        "model.yml:16: year: read_from: 'year' is integer; expected text",
        "model.yml:18: zip: part of 'name', which is pii high; expected pii: high or low",
    ]


def test_a_reading_that_nobody_knows_is_named_with_those_there_are() -> None:
    column = "{type: text, read_from: {column: a, as: town}}"
    text = f"tables: {{t: {{key: [a], columns: {{a: {{type: text}}, b: {column}}}}}}}"
    (found,) = _problems(text)
    assert found == (
        "model.yml:1: as: expected family_name or given_name or street or postcode; found 'town'"
    )


def test_keys_times_and_names_of_a_table_are_checked() -> None:
    text = """
objects: {person: {id: one_id}}
tables:
  visits:
    key: [id, nme]
    time: at
    object: persn
    columns:
      id: {type: text, pii: high}
      at: {type: text}
      day: {type: date}
"""
    assert _problems(text) == [
        "model.yml:5: key column 'id' is pii high; a key must be readable",
        "model.yml:5: unknown key column 'nme'; expected one of at, channel, day, id",
        "model.yml:5: time column 'at' must be a timestamp or a date",
        "model.yml:5: unknown object 'persn'; did you mean 'person'?",
        "model.yml:11: 'day' is a column every clean table has already",
    ]
