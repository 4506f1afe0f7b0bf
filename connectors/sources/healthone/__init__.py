"""Reading files of the HealthOne family into rows.

* `messages`: messages, lines and results, including those in a KMEHR text
"""

__all__ = ["messages"]
