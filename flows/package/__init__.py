"""The practice's side of a package.

* `description`: what a package says of its own form, for whoever imports it
* `desk`: the page `desk.html`
* `open_package`: check a package against its manifest and unpack it
* `readme`: the text beside a package that is read first
"""

__all__ = ["description", "desk", "open_package", "readme"]
