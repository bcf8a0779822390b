"""Asking before something is sent."""

import sys

import typer

from event_fork_cli.errors import FailedError, RefusedError


def confirm(question: str) -> None:
    """Goes on only after a yes. Raises RefusedError without a terminal, FailedError after a no."""
    if not sys.stdin.isatty():
        raise RefusedError("there is no terminal to ask on: give --yes to start without being asked")
    if not typer.confirm(question, err=True):
        raise FailedError("not confirmed: nothing was started")
