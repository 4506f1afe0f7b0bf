"""The practice's side of a package.

* `desk`: the page `desk.html`
* `open_package`: check a package against its manifest and unpack it
* `readme`: the text beside a package that is read first
"""

__all__ = ["desk", "open_package", "readme"]
