"""Makes requests for time stamps (RFC 3161) on ledger heads and signatures, and stores the authority's responses."""

from __future__ import annotations

from flows.session.control import Control
from schemas.errors import RefusedError
from vault.authorisation.signature_stamps import accept_stamp, stamp_requests
from vault.pki.timestamps import Stamps
from vault.system.clock import format_utc


def request_for_head(control: Control) -> tuple[int, bytes]:
    """Return the number of entries of the current head, and a request for a time stamp on it."""
    store = control.ledger.store
    with store.locked():
        size, checkpoint = store.head().size, store.checkpoint()
    return size, Stamps(control.home.stamps, control.home.trust).request(size, checkpoint)


def accept_for_head(control: Control, response: bytes) -> tuple[int, str]:
    """Store the response to a request; return the head's size and the authority's time. Raises TrustError."""
    size, moment = Stamps(control.home.stamps, control.home.trust).accept(response, control.clock.now())
    return size, format_utc(moment)


def requests_for_signatures(control: Control, authorisation: str) -> list[bytes]:
    """Return a request for each signature that has no stamp. Raises RefusedError: every_signature_has_its_stamp."""
    requests = stamp_requests(control.home, authorisation)
    if not requests:
        raise RefusedError("every_signature_has_its_stamp")
    return list(requests.values())


def accept_for_signature(control: Control, authorisation: str, response: bytes) -> tuple[str, str]:
    """Store the response with its signature; return the signature's name and the authority's time. Raises TrustError."""
    name, moment = accept_stamp(control.home, authorisation, response, control.clock.now())
    return name, format_utc(moment)
