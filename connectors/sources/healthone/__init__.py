"""Reading files of the HealthOne family into rows.

* `connector`: the reader
* `messages`: messages, lines and results, including those in a KMEHR text
"""

__all__ = ["connector", "messages"]
