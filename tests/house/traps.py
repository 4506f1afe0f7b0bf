"""A folder of booby traps, an environment that names them, and what a trace of system calls says of who touched one."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

MODULES = (
    "json", "typing", "re", "logging", "subprocess", "dataclasses", "typer", "rich", "pyarrow", "duckdb", "prefect",
    "great_expectations", "cryptography", "sitecustomize", "usercustomize",
)  # fmt: skip
PACKAGES = ("flows", "vault", "schemas", "connectors", "trial", "dashboard")
LOGGING = """version: 1
disable_existing_loggers: false
formatters: {trap: {"()": trapped.touch}}
handlers: {trap: {class: logging.StreamHandler, formatter: trap}}
root: {level: DEBUG, handlers: [trap]}
"""


def lay(folder: Path, marks: Path) -> dict[str, str]:
    """Fill the folder; gives the hostile environment. Each trap that is run adds a line to `marks`."""
    spring = (
        f"import sys\nopen({str(marks)!r}, 'a').write(__file__ + ' ' + ' '.join(sys.orig_argv) + '\\n')\n"
    )
    user = folder / "user"
    site = user / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    site.mkdir(parents=True)
    for place in (folder, site):
        for name in MODULES:
            (place / f"{name}.py").write_text(spring)
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(spring)
    (folder / "trapped.py").write_text(spring + "touch = print\n")
    pth = f"import sys; open({str(marks)!r}, 'a').write('pth ' + ' '.join(sys.orig_argv) + '\\n')\n"
    (folder / "trap.pth").write_text(pth)
    (site / "trap.pth").write_text(pth)
    _lay_settings(folder)
    _lay_settings(user)
    return _environment(folder, user)


def _lay_settings(folder: Path) -> None:
    (folder / "logging.yml").write_text(LOGGING)
    url = 'url = "http://127.0.0.1:9/api"'
    logging = f'config_path = "{folder}/logging.yml"'
    (folder / "prefect.toml").write_text(f"[api]\n{url}\n[logging]\n{logging}\n")
    (folder / "pyproject.toml").write_text(f"[tool.prefect.api]\n{url}\n[tool.prefect.logging]\n{logging}\n")
    (folder / ".env").write_text(f"PREFECT_LOGGING_SETTINGS_PATH={folder}/logging.yml\n")
    (folder / "great_expectations.yml").write_text("config_version: 3\n")
    for hidden, name, text in (
        (".prefect", "profiles.toml", 'active = "trap"\n[profiles.trap]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'),
        (".great_expectations", "great_expectations.conf", "[anonymous_usage_statistics]\nenabled = true\n"),
        (".aws", "config", "[default]\ncredential_process = /bin/false\n"),
        ("gx", "great_expectations.yml", "config_version: 3\n"),
    ):  # fmt: skip
        (folder / hidden).mkdir()
        (folder / hidden / name).write_text(text)


def _environment(folder: Path, user: Path) -> dict[str, str]:
    at = str(folder)
    return {
        "HOME": str(user),
        "PYTHONPATH": at,
        "PYTHONSTARTUP": f"{at}/json.py",
        "PYTHONUSERBASE": str(user),
        "PYTHONPYCACHEPREFIX": f"{at}/pyc",
        "PYTHONWARNINGS": "ignore::trapped.Warning",
        "PYTHONBREAKPOINT": "trapped.touch",
        "LD_LIBRARY_PATH": at,
        "LD_PRELOAD": f"{at}/preload.so",
        "LD_AUDIT": f"{at}/audit.so",
        "GCONV_PATH": at,
        "LOCPATH": at,
        "OPENSSL_CONF": f"{at}/openssl.cnf",
        "SSLKEYLOGFILE": f"{at}/tls-keys",
        "PREFECT_HOME": f"{at}/.prefect",
        "PREFECT_PROFILES_PATH": f"{at}/.prefect/profiles.toml",
        "PREFECT_LOGGING_SETTINGS_PATH": f"{at}/logging.yml",
        "GX_HOME": f"{at}/gx",
        "AWS_CONFIG_FILE": f"{at}/.aws/config",
        "DUCKDB_INIT": f"{at}/.duckdbrc",
    }


_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_CALL = re.compile(r"^\d+ +(\w+)\(")


def touched(trace: Path, folder: Path) -> list[str]:
    """The calls that name something inside the folder, from the moment at which the first process began anew, isolated."""
    lines = trace.read_text(errors="replace").splitlines()
    begun = [i for i, line in enumerate(lines) if " execve(" in line]
    return [line for line in lines[begun[1] + 1 :] if _names(line, folder)]


def _names(line: str, folder: Path) -> bool:
    call = _CALL.match(line)
    if call is None or call[1] in ("getcwd", "chdir"):  # where one stands is no look at what lies there
        return False
    paths = [Path(os.path.normpath(Path(base or folder, path))) for base, path in _PATH.findall(line)]
    return any(folder in path.parents for path in (paths[:1] if call[1] in ("execve", "readlink") else paths))


def children(trace: Path) -> set[str]:
    """The modules that were started as processes."""
    return set(re.findall(r'execve\(.*"-I".* "-m", "([\w.]+)"', trace.read_text(errors="replace")))
