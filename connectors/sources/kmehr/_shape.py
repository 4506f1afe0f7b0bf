"""An element's shape and texts (`schemas.shapes`)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sources.kmehr.tree import SPACE, Element, settled_parts, start_tag
from schemas.shapes import HOLE, PROSE


def shape_of(element: Element) -> tuple[str, list[str]]:
    """The shape of an element, and the texts in its holes."""
    pieces: list[str] = []
    texts: list[str] = []
    _add(element, element.name == PROSE, pieces, texts)
    return "".join(pieces), texts


def _add(element: Element, is_prose: bool, pieces: list[str], texts: list[str]) -> None:
    parts = list(_parts(element, is_prose))
    opening = start_tag(element.name, element.attributes)
    if not parts:
        pieces.append(f"{opening[:-1]}/>")
        return
    pieces.append(opening)
    for part in parts:
        if isinstance(part, str):
            pieces.append(HOLE)
            texts.append(part)
        else:
            _add(part, is_prose or part.name == PROSE, pieces, texts)
    pieces.append(f"</{element.name}>")


def _parts(element: Element, is_prose: bool) -> Iterator[str | Element]:
    """Children and texts in order, each run of text as one; without white space that stands alone."""
    blank = bool(element.children) and not is_prose and not element.own_text.strip(SPACE)
    run = ""
    for part in settled_parts(element) if element.detached else element.parts:
        if isinstance(part, str):
            run += part
            continue
        if run and not blank:
            yield run
        run = ""
        yield part
    if run and not blank:
        yield run
