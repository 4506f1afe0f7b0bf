"""Access to a destination: a folder, SFTP, S3.

* `destination`: opens the destination that an instruction names
* `dial`: connects to declared servers only
"""

__all__ = ["destination", "dial"]
