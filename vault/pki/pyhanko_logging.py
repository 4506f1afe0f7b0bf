"""pyHanko is loaded when the first signature is looked at, not before: it takes seconds, and most commands look at none.

It logs names and national numbers of signers: its loggers are shut before anything is signed or checked.
"""

from __future__ import annotations

import logging


def silence() -> None:
    """Shut the loggers of pyHanko, and those below them that exist already."""
    names = [n for n in logging.root.manager.loggerDict if n.startswith("pyhanko")]
    for name in {"pyhanko", "pyhanko_certvalidator", "pyhanko.sign.validation.generic_cms", *names}:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


def load_pyhanko() -> None:
    """Load it whole, its loggers shut. asn1crypto learns the attributes of CAdES: whoever parses a signature calls this first."""
    import pyhanko.sign.validation  # noqa: F401

    silence()
