"""A home as a whole: made, backed up, restored, erased from.

* `create`: a new home
* `host_record`: what the host remembers of it
* `backup`: a copy sealed to the operator's key
* `restore`: a home from its backup
* `replay`: repeats erasures and destructions after a restore
* `erasure`: erases a person
"""

__all__ = ["backup", "create", "erasure", "host_record", "replay", "restore"]
