"""A home as a whole: creation, backup, restore, and the erasure of a person.

* `create`: creates a home
* `host_record`: the host's record of a home
* `backup`: seals a copy of a home to age keys
* `restore`: restores a home from its backup
* `replay`: repeats erasures and destructions after a restore
* `erasure`: erases a person
"""

__all__ = ["backup", "create", "erasure", "host_record", "replay", "restore"]
