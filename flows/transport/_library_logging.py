"""Disables the loggers of the libraries for servers, and limits these libraries to the settings that Reprise passes.

Their loggers write host names, requests and user names. fsspec takes arguments for every file system from the user's files and
environment.
"""

from __future__ import annotations

import logging

_LOGGERS = ("paramiko", "fsspec", "s3fs", "botocore", "aiobotocore", "boto3", "aiohttp", "asyncio", "urllib3")


def silence() -> None:
    """Disable the libraries' loggers, for any level of the root logger, and discard the user's configuration of fsspec."""
    from fsspec.config import conf

    conf.clear()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(tuple(f"{parent}." for parent in _LOGGERS)):
            child = logging.getLogger(name)
            child.handlers, child.propagate, child.disabled = [], False, True
