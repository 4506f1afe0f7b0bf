"""Output of commands for people: files that replace nothing, and texts with lines wrapped at words."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TextIO

import typer

from schemas.errors import RefusedError
from vault.system.files import sync_folder


def write_new(path: Path, data: bytes) -> None:
    """Create the file, for its owner only, completely or not at all. Raises RefusedError: file_exists; it replaces nothing."""
    refuse_existing(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RefusedError("file_exists") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink()
        raise
    sync_folder(path.parent)


def refuse_existing(path: Path) -> None:
    """Raise RefusedError (file_exists) if something of this name exists, even a dangling link.

    Raises FileNotFoundError if its folder does not exist.
    """
    path.parent.stat()
    if os.path.lexists(path):
        raise RefusedError("file_exists")


def say_text(text: str, *, err: bool = False) -> None:
    """Print a text of paragraphs: wrapped at words in a terminal, one line per paragraph elsewhere."""
    typer.echo(broken_at_words(text, sys.stderr if err else sys.stdout), err=err)


def broken_at_words(text: str, stream: TextIO) -> str:
    """Return the text for this stream. A word longer than the terminal's width stays whole, so that it can be copied."""
    if not stream.isatty():
        return text
    width = get_terminal_size().columns
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
