"""The common part of the readers of flat messages: lines, encodings, dates, values, and the rows of a message.

* `connector`: the reader of a format that is told how to divide and to parse its messages
* `dates`: the ways in which such messages write days
* `lines`: a file's bytes as lines, in 8-bit encodings and UTF-16
* `message`: a message as values
* `text`: decoding a message
* `values`: how a value states a number, a comparison, a flag, or that there is none
"""

__all__ = ["connector", "dates", "lines", "message", "text", "values"]
