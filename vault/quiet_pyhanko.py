"""pyHanko logs names and national numbers of signers: its loggers are shut before anything is signed or checked."""

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
