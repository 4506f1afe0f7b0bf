"""The text beside a package that is read before it is open: what it is, how to open it, whom to ask, in four languages.

It is not sealed: it names the run and the processor, and no patient or doctor.
"""

from __future__ import annotations

import textwrap

from schemas.texts import LANGUAGES, text

NAME = "README.txt"
_WIDTH = 88


def readme(run: str, processor: str, language: str) -> bytes:
    """Returns the text, the doctor's language first.

    UTF-8 with a byte order mark and CRLF: every editor of Windows shows it as it is meant.
    """
    order = sorted(LANGUAGES, key=lambda each: each != language)
    parts = [_in_language(each, run, processor) for each in order]
    lines = f"\n\n{'-' * _WIDTH}\n\n".join(parts)
    return f"\ufeff{lines}\n".replace("\n", "\r\n").encode()


def _in_language(language: str, run: str, processor: str) -> str:
    paragraphs = (
        text(language, "package.readme.title"),
        text(language, "package.readme.what", run=run),
        text(language, "package.readme.open"),
        text(language, "package.readme.accept"),
        text(language, "package.readme.ask", processor=processor),
    )
    return "\n\n".join(textwrap.fill(each, _WIDTH) for each in paragraphs)
