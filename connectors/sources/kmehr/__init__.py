"""Reading KMEHR and SMF exports into rows.

* `connector`: the reader
* `bytes`: repaired bytes of an XML file
* `rows`: rows of the staged tables
* `tree`: elements of an open unit
"""

__all__ = ["bytes", "connector", "rows", "tree"]
