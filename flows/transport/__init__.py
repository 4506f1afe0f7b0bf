"""The way to a destination: a folder, SFTP, S3.

* `destination`: the place that an instruction names
* `dial`: connections to declared hosts only
"""

__all__ = ["destination", "dial"]
