"""The command line: one console script, `onefold`; every job under spark-submit comes here too."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from jobs import (
    channel_commands,
    correct_commands,
    nights,
    person_page,
    plan_page,
    quarantine_commands,
    questions,
    readiness,
)
from jobs.common_arguments import Common, common
from jobs.explain_commands import explain
from jobs.outcome import guarded

DATE = click.option("--date", "date_text", required=True, help="Business date, as 2017-03-01.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="onefold")
def app() -> None:
    """A nightly customer data platform: dumps in, one id per person and their tags out."""


@app.command()
@DATE
@click.option("--from", "first", default=None, metavar="STAGE", help="First stage to run.")
@click.option("--only", default=None, metavar="STAGE", help="The one stage to run.")
@click.option("--accept", multiple=True, metavar="CODE", help="Let a failed check pass.")
@click.option("--reason", default="", help="Why it may pass; recorded.")
@click.option("--dry-run", is_flag=True, help="Show what it would do; write nothing.")
@click.option("--rebuild-map", is_flag=True, help="Make a lost map anew, from the log of OneIDs.")
@common
def run(given: Common, **options: Any) -> None:
    """Run a night: ingest_channels, resolve_identity, compute_tags, report_insight, publish."""
    nights.run(given, **options)


@app.command()
@DATE
@common
def ready(given: Common, **options: Any) -> None:
    """Answer 0 when every required dump of a date has arrived, else 4: for schedulers."""
    readiness.ready(given, **options)


@app.command()
@click.option("--from", "first", required=True, metavar="DATE", help="First night.")
@click.option("--to", "last", required=True, metavar="DATE", help="Last night.")
@common
def backfill(given: Common, **options: Any) -> None:
    """Run the nights between two dates in order, in one session."""
    nights.backfill(given, **options)


@app.command()
@click.option("--examples", is_flag=True, help="Also run the tags' examples.")
@common
def check(given: Common, **options: Any) -> None:
    """Check every definition and setting; every problem is named with its file and line."""
    questions.check(given, **options)


@app.command()
@click.option("--no-count", is_flag=True, help="Do not count persons: no row is read.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@common
def plan(given: Common, **options: Any) -> None:
    """Show what today's tag definitions change against the published night, and for how many."""
    plan_page.show(given, **options)


@app.command()
@common
def status(given: Common) -> None:
    """Show the published, held and stale nights, and the last run."""
    questions.status(given)


@app.command()
@click.argument("identifier", required=False)
@click.option("--reveal", is_flag=True, help="Show plain values.")
@common
def profile(given: Common, **options: Any) -> None:
    """Show one person by any identifier; without one it is read from standard input."""
    person_page.show(given, **options)


@app.command()
@click.argument("statement")
@click.option("--as-of", default=None, metavar="DATE", help="Night to read (default: the last).")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
@common
def sql(given: Common, **options: Any) -> None:
    """Query the published night; names without a schema are tables of zone tags."""
    questions.sql(given, **options)


@app.command()
@common
def config(given: Common) -> None:
    """Print the merged settings, with the origin of every key."""
    questions.config(given)


@app.command()
@click.option("--date", "date_text", default=None, help="Business date (default: the last one).")
@common
def report(given: Common, **options: Any) -> None:
    """Print where the night's report lies."""
    questions.report(given, **options)


@app.group()
def channels() -> None:
    """Show the channels' fields and where they go; draft a new channel from a sample file."""


@channels.command("show")
@click.argument("channel", required=False)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@common
def channels_show(given: Common, **options: Any) -> None:
    """Show every field of a channel (default: of all) and the columns it becomes."""
    channel_commands.show(given, **options)


@channels.command("new")
@click.option("--from", "sample", required=True, metavar="FILE", help="A dump, or its beginning.")
@click.option("--name", default=None, help="Name of the channel (default: told by the path).")
@click.option("--dataset", default=None, help="Name of the dataset (default: told by the file).")
@click.option("--write", "is_written", is_flag=True, help="Write conf/channels/<channel>.yml.")
@common
def channels_new(given: Common, **options: Any) -> None:
    """Draft a channel file from a sample dump; what is unsure is marked `# check:`."""
    channel_commands.new(given, **options)


def _lines_meant(command: Any) -> Any:
    """The options that choose among quarantined lines."""
    for option in (
        click.option("--reason", default=None, metavar="CODE", help="Only with this reason code."),
        click.option("--date", "date_text", default=None, help="Only of the night of this date."),
        click.option("--dataset", default=None, help="Only of this dataset."),
        click.option("--channel", default=None, help="Only of this channel."),
    ):
        command = option(command)
    return command


@app.group()
def quarantine() -> None:
    """Show the records that could not be accepted, by reason; have them tried again."""


@quarantine.command("list")
@_lines_meant
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
@common
def quarantine_list(given: Common, **options: Any) -> None:
    """Count the quarantined lines that still stand, by night, file and reason; no values."""
    quarantine_commands.show(given, **options)


@quarantine.command("redrive")
@_lines_meant
@common
def quarantine_redrive(given: Common, **options: Any) -> None:
    """Ask the next night to try quarantined lines again, under the definitions of then."""
    quarantine_commands.redrive(given, **options)


@app.group()
def correct() -> None:
    """Say what the rules of identity cannot know; it stands above them, night after night.

    An identifier is written kind:value, or kind@scope:value. Without words, they are read from
    --file or standard input, so that no shell remembers them: a correction a line, A,B.
    """


def _correction(command: Any) -> Any:
    """The words and options of a correction."""
    for option in (
        click.option("--until", "until_text", default=None, metavar="DATE", help="Last night."),
        click.option("--from", "from_text", default=None, metavar="DATE",
                     help="First night (default: the one after the last published)."),
        click.option("--author", default=None, help="Who wants it (default: your login name)."),
        click.option("--reason", default="", help="Why; recorded."),
        click.option("--file", default=None, metavar="FILE", help="Corrections, one a line."),
        click.argument("words", nargs=-1, metavar="[IDENTIFIER]..."),
    ):  # fmt: skip
        command = option(command)
    return command


@correct.command("link")
@_correction
@common
def correct_link(given: Common, **options: Any) -> None:
    """A B: two identifiers are one person's, whatever the rules say."""
    correct_commands.make(given, "link", **options)


@correct.command("unlink")
@_correction
@common
def correct_unlink(given: Common, **options: Any) -> None:
    """A B: two identifiers are never one person's."""
    correct_commands.make(given, "unlink", **options)


@correct.command("block")
@_correction
@common
def correct_block(given: Common, **options: Any) -> None:
    """A: an identifier names nobody and joins nobody."""
    correct_commands.make(given, "block", **options)


@correct.command("pin")
@_correction
@common
def correct_pin(given: Common, **options: Any) -> None:
    """A ONE_ID: the person who holds an identifier bears this number."""
    correct_commands.make(given, "pin", **options)


@correct.command("tag")
@_correction
@common
def correct_tag(given: Common, **options: Any) -> None:
    """PERSON TAG VALUE: what a tag is for a person (a OneID, or an identifier they hold)."""
    correct_commands.make(given, "tag", **options)


@correct.command("list")
@click.option("--all", "is_all", is_flag=True, help="Also those that ended or were withdrawn.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
@common
def correct_list(given: Common, **options: Any) -> None:
    """Show the corrections that stand, their identifiers masked."""
    correct_commands.show(given, **options)


@correct.command("withdraw")
@click.argument("correction_id", type=int)
@click.option("--reason", default="", help="Why; recorded.")
@click.option("--from", "from_text", default=None, metavar="DATE",
              help="First night without it (default: the one after the last published).")
@common
def correct_withdraw(given: Common, **options: Any) -> None:
    """End a correction; nights that had it keep it."""
    correct_commands.withdraw(given, **options)


app.add_command(explain)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    return guarded(lambda: app.main(arguments, prog_name="onefold", standalone_mode=False))


def submit(*command: str) -> NoReturn:
    """The entry of a job file under spark-submit: the job's command with the script's arguments."""
    code = main([*command, *sys.argv[1:]])
    sys.stdout.flush()
    sys.exit(code)


if __name__ == "__main__":
    submit()
