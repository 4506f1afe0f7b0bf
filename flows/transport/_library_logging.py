"""Keeping the libraries that speak to servers quiet, and to what they are told by us.

Their loggers tell host names, requests and user names. fsspec takes arguments of every file system from the user's files and
environment.
"""

from __future__ import annotations

import logging

_LOGGERS = ("paramiko", "fsspec", "s3fs", "botocore", "aiobotocore", "boto3", "aiohttp", "asyncio", "urllib3")


def silence() -> None:
    """Shut the libraries' loggers, whatever level the root has, and forget what fsspec read of the user's configuration."""
    from fsspec.config import conf

    conf.clear()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(tuple(f"{shut}." for shut in _LOGGERS)):
            child = logging.getLogger(name)
            child.handlers, child.propagate, child.disabled = [], False, True
