"""The commands of `onefold explain`."""

from __future__ import annotations

from typing import Any

import click

from jobs import explain_link, explain_tag
from jobs.common_arguments import Common, common


@click.group()
def explain() -> None:
    """Tell why the published night is as it is."""


@explain.command("link")
@click.argument("words", nargs=-1, metavar="[A B]")
@click.option("--reveal", is_flag=True, help="Show plain values; audited.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object, for machines.")
@common
def explain_link_of(given: Common, **options: Any) -> None:
    """A B: the path of links that makes two one person, or what keeps them apart.

    Each is kind:value, kind@scope:value or a OneID; without words they are read from standard
    input, one a line.
    """
    explain_link.show(given, **options)


@explain.command("tag")
@click.argument("words", nargs=-1, metavar="[PERSON | ID ...] [TAG]")
@click.option("--reveal", is_flag=True, help="Show plain values; audited.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--json", "form", flag_value="json", help="One JSON object, as --format json.")
@common
def explain_tag_of(given: Common, **options: Any) -> None:
    """PERSON TAG: rows, branches and corrections that make a tag what it is for a person.

    PERSON is kind:value, kind@scope:value or a OneID; TAG a tag or one of its columns. A tag about
    something else takes its ids: STORE TAG, PERSON STORE TAG. Words that are left out come from
    standard input, one a line. The value is computed again from the lake's rows: 1 where it is
    another one than the night's.
    """
    explain_tag.show(given, **options)
