"""Reads the default home and operator of a user from `.config/reprise/reprise.toml` in the user's home folder."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from schemas.errors import HomeError
from schemas.regular_file import open_regular
from vault.system.host_identity import user_home

PLACE = ".config/reprise/reprise.toml"
_MAX_BYTES = 65536


@dataclass(frozen=True)
class UserSettings:
    """The settings in the file."""

    home: Path | None = None
    operator: str = ""


def user_settings(of: Path | None = None) -> UserSettings:
    """Return the settings in a user's home folder; empty settings if there is no file.

    Raises HomeError: user_settings_unsafe if others can write the file, user_settings_malformed, user_setting_unknown.
    """
    path = (of or user_home()) / PLACE
    try:
        _refuse_writable(path.parent.stat())
        with open_regular(path) as file:
            _refuse_writable(os.fstat(file.fileno()))
            text = file.read(_MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return UserSettings()
    return _read(text)


def _refuse_writable(status: os.stat_result) -> None:
    """Refuse a file or folder that others can write: they could choose the operator and the home on which the user acts."""
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_uid not in (0, os.geteuid()):
        raise HomeError("user_settings_unsafe")


def _read(text: bytes) -> UserSettings:
    try:
        settings = tomllib.loads(text.decode())
    except ValueError:
        raise HomeError("user_settings_malformed") from None
    if not settings.keys() <= {setting.name for setting in fields(UserSettings)}:
        raise HomeError("user_setting_unknown")
    if not all(isinstance(value, str) for value in settings.values()):
        raise HomeError("user_settings_malformed")
    home = Path(settings["home"]) if "home" in settings else None
    if home is not None and not home.is_absolute():
        raise HomeError("user_settings_malformed")
    return UserSettings(home, settings.get("operator", ""))
