"""The readable text of a HealthOne message: without descriptors, references and codes."""

from __future__ import annotations

from connectors.sources.healthone.messages import Line, Message, Result


def readable_text(message: Message) -> str:
    """The lines below the header, in order, with results; the whole message if there are none."""
    results = {result.line.ordinal: result for result in message.results}
    report = {line.ordinal: text for line, text in message.report}
    below = [line for line in message.lines if not line.descriptor.startswith("A") and not line.is_end]
    texts = [_text(line, results.get(line.ordinal), report.get(line.ordinal)) for line in below]
    text = "\n".join(texts).strip("\n")
    return text or message.text


def _text(line: Line, result: Result | None, report: str | None) -> str:
    if line.kind is None:
        return ""
    if result is None:
        return (line.raw if report is None else report).rstrip()
    limits = f"({result.range.strip()})" if result.range.strip() else ""
    flag = "" if result.is_comment else result.flag
    parts = (result.name, result.value, result.unit, limits, flag)
    # Blanks before a name show its level, blanks in a value its columns.
    return "  ".join(part.rstrip() for part in parts if part.strip())
