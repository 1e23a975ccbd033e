"""The entry point: global options, the nouns, and the one place where an error becomes an exit code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from clarity_desktop import __version__
from clarity_desktop.cli.commands import (
    analyze,
    audit,
    cloud,
    compare,
    demo,
    diag,
    diary,
    doctor,
    events,
    health,
    importing,
    imports,
    insights,
    pat_people,
    patient,
    people,
    protection,
    report,
    series,
    sleep,
    sync_pull,
    vault,
    zones,
)
from clarity_desktop.cli.output import Output
from clarity_desktop.cli.session import Options, Session
from clarity_desktop.domain.errors import CancelledError, ClarityError, UsageError
from clarity_desktop.logs import stop_logging

__all__ = ["app", "main", "run"]

_log = logging.getLogger(__name__)
_INTERRUPTED = 130
"""What Typer answers when Ctrl-C reaches it; the contract's code for that is 8."""

app = typer.Typer(
    name="clarity-desktop",
    help="See a person's sleep, activity and circadian rhythm. Without a command the window opens.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(vault.app, name="vault")
app.add_typer(people.app, name="people")
app.add_typer(patient.app, name="patient")
app.add_typer(series.app, name="series")
app.add_typer(sleep.app, name="sleep")
sleep.app.command("agreement")(compare.agreement)
app.add_typer(events.app, name="events")
app.add_typer(imports.app, name="imports")
app.add_typer(zones.app, name="zones")
app.add_typer(zones.sources_app, name="sources")
app.add_typer(diary.app, name="diary")
app.add_typer(diary.free_app, name="free-days")
app.add_typer(report.app, name="report")
app.add_typer(pat_people.app, name="pat")
app.add_typer(insights.app, name="insights")
app.add_typer(cloud.app, name="cloud")
app.add_typer(sync_pull.app, name="sync")
app.add_typer(audit.app, name="audit")
app.add_typer(protection.consent_app, name="consent")
app.add_typer(protection.retention_app, name="retention")
app.command("doctor")(doctor.doctor)
app.command("healthz")(health.healthz)
app.command("readyz")(health.readyz)
app.command("version")(health.version)
app.command("diag")(diag.diag)
app.command("demo")(demo.demo)
app.command("import")(importing.import_files)
app.command("inspect")(importing.inspect_file)
app.command("days")(series.days)
app.command("analyze")(analyze.analyze)
app.command("compare")(compare.compare)
app.command("phase-model")(sleep.phase_model)


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Root of settings, logs and the default vault.", file_okay=False)
    ] = None,
    vault_directory: Annotated[
        Path | None, typer.Option("--vault", help="Folder of the vault, when it is not in the home.", file_okay=False)
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the passphrase.", dir_okay=False)
    ] = None,
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="Read the passphrase from stdin.")
    ] = False,
    person: Annotated[
        str | None, typer.Option(help="Who opens the vault, where several people have a passphrase.")
    ] = None,
    as_document: Annotated[
        bool, typer.Option("--json", help="Answer with one JSON document. May stand anywhere on the line.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False,
) -> None:
    """Options that stand before the noun."""
    if passphrase_file is not None and passphrase_stdin:
        raise UsageError(
            "usage.two_passphrases",
            "The passphrase comes either from a file or from stdin.",
            remedy="Leave out --passphrase-file or --passphrase-stdin.",
        )
    session = Session(Options(home, vault_directory, passphrase_file, passphrase_stdin, person, as_document))
    context.obj = session
    context.call_on_close(session.close)
    if version:
        session.output.answer({"version": __version__}, f"Clarity Desktop {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        from clarity_desktop.cli.window import open_window

        raise typer.Exit(open_window(session.services))


def _with_json_in_front(arguments: Sequence[str]) -> list[str]:
    """``--json`` may stand anywhere; the parser takes it in front. What follows ``--`` is left alone."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [argument for argument in arguments[:end] if argument != "--json"]
    asked = len(before) != end
    return (["--json"] if asked else []) + before + list(arguments[end:])


def run(arguments: Sequence[str]) -> int:
    """Run one command line and answer its exit code; nothing is raised.

    Exit codes: 0 done, 2 usage, 3 input, 4 locked, 5 not found, 6 conflict, 7 network, 8 cancelled, 9 integrity,
    1 anything else.
    """
    ordered = _with_json_in_front(arguments)
    output = Output(as_document=ordered[:1] == ["--json"])
    error: ClarityError
    try:
        answer = app(ordered, prog_name="clarity-desktop", standalone_mode=False)
    except ClarityError as raised:
        error = raised
    except typer.TyperException as raised:
        error = UsageError("usage", raised.format_message(), remedy="Add --help to see what the command takes.")
    except (KeyboardInterrupt, typer.Abort):
        error = CancelledError()
    except BrokenPipeError:
        # The reader of our answer has left, as `| head` does. There is nobody to tell; keep shutdown silent too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as raised:  # noqa: BLE001 - the crash hook of the command line
        error = ClarityError(
            "internal",
            "The program met a state it does not know.",
            remedy="Nothing half-done was kept. Report it with the reference and the log file.",
            detail=type(raised).__name__,
        )
        _log.error("command ended by an error of the program", exc_info=raised, extra={"reference": error.reference})
    else:
        if answer != _INTERRUPTED:
            return answer if isinstance(answer, int) else 0
        error = CancelledError()
    finally:
        stop_logging()
    output.error(error)
    return error.exit_code


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(run(sys.argv[1:]))
