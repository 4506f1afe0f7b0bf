"""The practice's side of a package.

* `open_package`: check a package against its manifest and unpack it
"""

__all__ = ["open_package"]
