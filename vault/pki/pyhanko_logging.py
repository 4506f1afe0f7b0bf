"""Loads pyHanko at the first signature check: loading takes seconds, and most commands check no signature.

pyHanko logs names and national numbers of signers, so its loggers are disabled before anything is signed or checked.
"""

from __future__ import annotations

import logging


def silence() -> None:
    """Disable the loggers of pyHanko, with those below them that exist."""
    names = [n for n in logging.root.manager.loggerDict if n.startswith("pyhanko")]
    for name in {"pyhanko", "pyhanko_certvalidator", "pyhanko.sign.validation.generic_cms", *names}:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


def load_pyhanko() -> None:
    """Load pyHanko with its loggers disabled. Call it before parsing a signature: it adds the CAdES attributes to asn1crypto."""
    import pyhanko.sign.validation  # noqa: F401

    silence()
