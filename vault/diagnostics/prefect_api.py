"""Tests whether a Prefect API answers without a password."""

from __future__ import annotations

import http.client
from enum import StrEnum
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 3.0


class Answer(StrEnum):
    """The answer to a request without a password."""

    OPEN = "open"  # the API answered the request
    CLOSED = "closed"  # the API requires a password
    SILENT = "silent"  # there was no answer, or another one


def ask(url: str) -> Answer:
    """Request a list of flows, without a password, from the API at this address. Return the answer. No redirect is followed."""
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:
        return Answer.SILENT
    if place.hostname is None or place.scheme not in ("http", "https"):
        return Answer.SILENT
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname, port, timeout=TIMEOUT_SECONDS)
    try:
        headers = {"Content-Type": "application/json"}
        path = f"{place.path.rstrip('/')}/flows/filter"
        connection.request("POST", path, body='{"limit": 1}', headers=headers)
        status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException):
        return Answer.SILENT
    finally:
        connection.close()
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return Answer.CLOSED
    return Answer.OPEN if status == http.client.OK else Answer.SILENT
