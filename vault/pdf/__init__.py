"""PDF pages: their layout, their form fields, their revisions.

* `layout`: text, tables and codes on pages
* `revisions`: what each incremental update of a file changed
"""

__all__ = ["layout", "revisions"]
