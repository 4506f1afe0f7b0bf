"""Reading plain documents (PDF, pictures, letters) whose path says whose they are.

* `connector`: a document as a chart's transaction with its attachment
* `naming`: what the path of a document states
"""

__all__ = ["connector", "naming"]
