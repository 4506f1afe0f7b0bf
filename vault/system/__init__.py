"""Access to the host: files, clocks, locks, processes, environment, mounts.

* `files`: durable writes
* `clock`: wall clock and boot clock
* `deadline`: seconds left until a deadline, by either clock
* `host_identity`: ids of machine, boot and pid namespace
* `locks`: locks that the kernel releases with their holder
* `liveness`: tests whether a process is running, by lock or pid
* `child_process`: starts other processes
* `isolation`: a clean environment before the first third-party import
* `hardening`: forbids core dumps and ptrace, reports swap
* `mounts`: the kind of medium under a path
* `program`: version and source digest of this program
"""

__all__ = [
    "child_process",
    "clock",
    "deadline",
    "files",
    "hardening",
    "host_identity",
    "isolation",
    "liveness",
    "locks",
    "mounts",
    "program",
]
