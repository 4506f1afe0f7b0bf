"""The files of a package for the practice, and opening a package.

* `description`: the description of a package's form, for its importer
* `desk`: the page `desk.html`
* `open_package`: checks a package against its manifest and unpacks it
* `readme`: the text beside a package
"""

__all__ = ["description", "desk", "open_package", "readme"]
