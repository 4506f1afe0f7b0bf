"""Makes the text beside a package, in four languages: it describes the package, how to open it, and whom to ask.

The text is not sealed. It names the run and the processor, and no patient or doctor.
"""

from __future__ import annotations

import textwrap

from schemas.texts import LANGUAGES, text

NAME = "README.txt"
_WIDTH_CHARACTERS = 88


def readme(run: str, processor: str, language: str) -> bytes:
    """Return the text, the doctor's language first.

    It is UTF-8 with a byte order mark and CR LF, which every editor of Windows shows correctly.
    """
    order = sorted(LANGUAGES, key=lambda code: code != language)
    parts = [_in_language(code, run, processor) for code in order]
    lines = f"\n\n{'-' * _WIDTH_CHARACTERS}\n\n".join(parts)
    return f"\ufeff{lines}\n".replace("\n", "\r\n").encode()


def _in_language(language: str, run: str, processor: str) -> str:
    paragraphs = (
        text(language, "package.readme.title"),
        text(language, "package.readme.what", run=run),
        text(language, "package.readme.open"),
        text(language, "package.readme.accept"),
        text(language, "package.readme.ask", processor=processor),
    )
    return "\n\n".join(textwrap.fill(paragraph, _WIDTH_CHARACTERS) for paragraph in paragraphs)
