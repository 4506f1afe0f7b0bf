"""Time stamps (RFC 3161): asked for in a file, kept when their answer comes; over heads of the ledger and over signatures."""

from __future__ import annotations

from flows.session.control import Control
from schemas.errors import RefusedError
from vault.authorisation.signature_stamps import accept_stamp, stamp_requests
from vault.pki.timestamps import Stamps
from vault.system.clock import format_utc


def request_for_head(control: Control) -> tuple[int, bytes]:
    """How many entries the present head has, and a request over it."""
    store = control.ledger.store
    with store.locked():
        size, checkpoint = store.head().size, store.checkpoint()
    return size, Stamps(control.home).request(size, checkpoint)


def accept_for_head(control: Control, response: bytes) -> tuple[int, str]:
    """Keep the answer to a request; gives the head's size and the authority's time. Raises TrustError."""
    size, moment = Stamps(control.home).accept(response, control.clock.now())
    return size, format_utc(moment)


def requests_for_signatures(control: Control, authorisation: str) -> list[bytes]:
    """A request for each signature of an instruction that has no stamp. Raises RefusedError: every_signature_has_its_stamp."""
    requests = stamp_requests(control.home, authorisation)
    if not requests:
        raise RefusedError("every_signature_has_its_stamp")
    return list(requests.values())


def accept_for_signature(control: Control, authorisation: str, response: bytes) -> tuple[str, str]:
    """Keep the answer with its signature; gives the signature's name and the authority's time. Raises TrustError."""
    name, moment = accept_stamp(control.home, authorisation, response, control.clock.now())
    return name, format_utc(moment)
