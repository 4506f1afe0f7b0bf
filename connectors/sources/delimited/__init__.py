"""Reading tables (CSV and the like) by a reviewed mapping file.

* `connector`: the rows of a table as records of the patients whom they name
"""

__all__ = ["connector"]
