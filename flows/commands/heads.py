"""Commands about what outsiders saw of the log and of a signature: stamps, cosignatures, heads kept, folders issued anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.documents import refuse_existing, write_new
from flows.commands.shared import HomeOption, JsonOption, guarded, home_path, show
from flows.lifecycle.proof import refresh_proof
from schemas.errors import RefusedError
from schemas.regular_file import read_regular
from vault.authorisation.signature_stamps import accept_stamp, stamp_requests
from vault.ledger.entries import format_hashes
from vault.ledger.home_log import open_store
from vault.ledger.notes import Checkpoint, VerifierKey, open_note
from vault.system.clock import SystemClock, format_utc

ResponseArgument = Annotated[
    Path, typer.Argument(help="The authority's answer (DER, .tsr).", show_default=False)
]
IdArgument = Annotated[str, typer.Argument(help="An authorisation's id.", show_default=False)]


@guarded
def stamp_request(
    authorisation: IdArgument,
    to: Annotated[Path, typer.Option("--to", help="Where to write the request (DER, .tsq).")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a time-stamp request (RFC 3161) over the doctor's signature; TO, TO.1, ... when several signed."""
    requests = stamp_requests(home_path(home), authorisation)
    if not requests:
        raise RefusedError("every_signature_has_its_stamp")
    for number, request in enumerate(requests.values()):
        write_new(to.with_name(f"{to.name}.{number}") if number else to, request)
    show(
        {"requests": len(requests)},
        as_json=as_json,
        text=f"{len(requests)} request(s) over signatures in {to}",
    )


@guarded
def stamp(
    authorisation: IdArgument,
    response: ResponseArgument,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the answer to a request over the doctor's signature, sealed with it; new proof folders carry it."""
    name, moment = accept_stamp(home_path(home), authorisation, read_regular(response), SystemClock().now())
    text = f"{name} existed at {format_utc(moment)}, by an authority of trust/timestamps"
    show({"signature": name, "at": format_utc(moment)}, as_json=as_json, text=text)


@guarded
def consistency(
    head: Annotated[Path, typer.Option("--head", help="A checkpoint kept from before.")],
    to: Annotated[
        Path, typer.Option("--to", help="Where to write the proof; the present head goes beside it.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that the log only grew since a head that somebody kept (RFC 9162: base64, one hash a line)."""
    store = open_store(home_path(home))
    with store.locked():
        old = Checkpoint.parse(open_note(read_regular(head), VerifierKey.parse(store.vkey)))
        size, note, proof = store.head().size, store.checkpoint(), store.extend(old)
    beside = to.with_name(f"{to.name}.checkpoint")
    refuse_existing(beside)
    write_new(to, format_hashes(proof).encode())
    write_new(beside, note)
    text = f"from {old.size} to {size} entries: {len(proof)} hash(es) in {to.name}, the head in {to.name}.checkpoint"
    show({"from": old.size, "to": size, "hashes": len(proof)}, as_json=as_json, text=text)


@guarded
def cosign(
    note: Annotated[Path, typer.Argument(help="The head as the witness signed it.", show_default=False)],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a witness's cosignature to the present head; have a head cosigned first and stamped after."""
    fresh = open_store(home_path(home)).cosign(read_regular(note))
    show({"added": fresh}, as_json=as_json, text=f"{fresh} cosignature line(s) added")


@guarded
def refresh(
    run: Annotated[str, typer.Argument(help="A run's id, or its folder.", show_default=False)],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Issue a run's proof folder anew: newest stamped head, time stamps, proofs that the log only grew since."""
    found = refresh_proof(home_path(home), run)
    lines = [
        f"{found['proof']}: proven in the head of {found['size']} entries",
        (
            f"  the head is {'stamped' if found['stamped'] else 'not stamped'};"
            f" {found['signatures_stamped']} signature(s) stamped; grown from {found['earlier_heads']} earlier head(s)"
        ),
    ]
    show(found, as_json=as_json, text="\n".join(lines))
