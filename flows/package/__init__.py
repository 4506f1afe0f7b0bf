"""The practice's side of a package.

* `open_package`: checked against its manifest and unpacked
"""

__all__ = ["open_package"]
