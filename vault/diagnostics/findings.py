"""Every finding: its code, its severity, what it means for the promise, and the remedy (docs/doctor.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`fail`: a promise does not hold here; `warn`: it holds less well; `note`: worth knowing; `ok`: checked, sound."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class Finding:
    """One finding of one area."""

    area: str
    code: str
    severity: str
    meaning: str
    remedy: str

    def to_json(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


AREAS = {
    "memory": "Swap, dumps, hibernation and tracing",
    "keyring": "The kernel keyring",
    "disk": "The disk under home and staging",
    "clock": "The clocks",
    "sweep": "The sweep",
    "home": "The home",
    "prefect": "Prefect",
}

CATALOGUE: dict[str, tuple[str, Severity, str, str]] = {
    # code: area, severity, meaning, remedy
    "swap_on": (
        "memory", Severity.FAIL,
        "The kernel may write a run's key or a patient's record to swap; runs are refused.",
        "swapoff -a and take swap out of fstab, or declare `swap_on` in site.toml: certificates then print it.",
    ),
    "swap_declared": (
        "memory", Severity.WARN,
        "Swap is on and declared: every certificate of this home says so.",
        "swapoff -a, then take `swap_on` out of declared_exceptions.",
    ),
    "swap_unencrypted": (
        "memory", Severity.WARN,
        "A swap area is on a disk without encryption: what is swapped out stays readable there.",
        "Swap off, or swap on a dm-crypt device with a random key (crypttab: swap), or zram.",
    ),
    "core_pattern_pipes": (
        "memory", Severity.NOTE,
        "Core dumps go to a program; the data process forbids its own, other processes do not.",
        "Set kernel.core_pattern=core, or leave it: no run key is in a process that may dump.",
    ),
    "core_limit_open": (
        "memory", Severity.NOTE,
        "Processes started here may dump core; the data process sets its own limit to 0.",
        "Set a hard limit of 0 for core in limits.conf, or LimitCORE=0 in the unit.",
    ),
    "hibernation_possible": (
        "memory", Severity.WARN,
        "This host can hibernate: that writes all memory, keys included, to disk.",
        "Mask hibernate.target and hybrid-sleep.target, and take resume= from the kernel's command line.",
    ),
    "ptrace_open": (
        "memory", Severity.WARN,
        "Every process may read the memory of others of its user (the data process forbids it for itself).",
        "Set kernel.yama.ptrace_scope=1 or more.",
    ),
    "ptrace_unknown": (
        "memory", Severity.NOTE,
        "This kernel has no Yama: tracing by the same user is restricted by nothing but each process itself.",
        "Nothing needed; the data process makes itself untraceable.",
    ),
    "keyring_forbidden": (
        "keyring", Severity.FAIL,
        "The kernel refuses the keyring here, as container profiles (seccomp) do: the `keyring` provider cannot be used.",
        "Allow add_key, keyctl and request_key in the container's profile, or run with --keys memory.",
    ),
    "keyring_not_shared": (
        "keyring", Severity.FAIL,
        "A key is not readable from another session of the same user: resume and sweep could not reach it.",
        "Run worker and sweep as one user, in one user namespace (no PrivateUsers=).",
    ),
    "keyring_keeps": (
        "keyring", Severity.FAIL,
        "A key was readable after its timeout or after it was revoked: keys do not die here as promised.",
        "Do not migrate on this host; have its kernel looked at.",
    ),
    "disk_network": (
        "disk", Severity.WARN,
        "Home or staging lies on a network file system: its server's copies and snapshots are out of our sight.",
        "Move the home to a local disk.",
    ),
    "disk_volatile": (
        "disk", Severity.WARN,
        "The home lies in memory (tmpfs): ledger and proofs are gone after a reboot.",
        "Move the home to a disk.",
    ),
    "disk_snapshots": (
        "disk", Severity.NOTE,
        "This file system can keep snapshots: files that were unlinked may live on in one. Staging there is ciphertext.",
        "Take home and staging out of snapshot plans, or keep none longer than the staging deadline.",
    ),
    "disk_unencrypted": (
        "disk", Severity.WARN,
        "The disk is not encrypted as far as can be seen: whoever takes it reads the home's keys and records.",
        "Put the home on LUKS (dm-crypt).",
    ),
    "disk_flash": (
        "disk", Severity.NOTE,
        "Flash storage keeps overwritten blocks for a while; what is destroyed here was ciphertext and its key was in no file.",
        "Nothing needed; discard (fstrim) shortens it.",
    ),
    "disk_unknown": (
        "disk", Severity.NOTE,
        "What lies under the home cannot be seen from here (a container, or a file system without a device).",
        "Look at the host itself.",
    ),
    "space_low": (
        "disk", Severity.WARN,
        "Less than 5 % or 1 GiB is free: a run may stop for want of space (41), and stays resumable.",
        "Free space.",
    ),
    "space_out": (
        "disk", Severity.FAIL,
        "Less than 64 MiB is free: the ledger may refuse entries, and then nothing runs.",
        "Free space now.",
    ),
    "clock_not_synchronised": (
        "clock", Severity.WARN,
        "The kernel does not know its clock to be right: deadlines and certificates tell a time nobody vouches for.",
        "Run chrony or systemd-timesyncd and let it reach its servers.",
    ),
    "clock_without_service": (
        "clock", Severity.WARN,
        "Nothing keeps this clock (no chronyd, ntpd or systemd-timesyncd runs).",
        "Install chrony, or enable systemd-timesyncd.",
    ),
    "clock_was_set": (
        "clock", Severity.WARN,
        "Since the last sweep the wall clock was set against the boot clock; kernel key timeouts follow the wall clock.",
        "See who sets the clock; a sweep arms the timeouts again.",
    ),
    "sweep_not_yet": (
        "sweep", Severity.WARN,
        "No sweep of this home has run yet, and nothing calls one. Nothing is staged yet that it would have to destroy.",
        "Before the first run: `reprise install-sweep`; then `reprise sweep` once, and see that it exits 0.",
    ),
    "sweep_not_installed": (
        "sweep", Severity.FAIL,
        "Nothing calls the sweep of this home: staging of a run that dies may outlive its deadline.",
        "`reprise install-sweep`.",
    ),
    "sweep_not_enabled": (
        "sweep", Severity.FAIL,
        "The sweep's timer is written but not enabled: it does not come after a reboot.",
        "systemctl enable --now the timer that `reprise install-sweep` names.",
    ),
    "cron_not_running": (
        "sweep", Severity.FAIL,
        "The sweep's table is written for cron, and no cron daemon runs: nothing calls the sweep.",
        "Start cron, and have it start at boot; or `reprise install-sweep --systemd`.",
    ),
    "processes_hidden": (
        "sweep", Severity.WARN,
        "/proc shows no processes of other users here (hidepid): whether cron or a clock service runs cannot be seen.",
        "See to both yourself; or mount /proc with a gid= that the home's owner has.",
    ),
    "sweep_by_other_means": (
        "sweep",
        Severity.NOTE,
        "A sweep came in time, but no unit of ours calls it: a person or another scheduler does, also at boot?",
        "`reprise install-sweep`, unless Prefect's schedule calls it.",
    ),
    "sweep_never": (
        "sweep", Severity.WARN,
        "No sweep of this home has run to its end yet.",
        "`reprise sweep`, and see that it exits 0.",
    ),
    "sweep_late": (
        "sweep", Severity.FAIL,
        "The last sweep is older than three times its interval: deadlines may pass unseen.",
        "`reprise sweep` now; then `systemctl status` of the timer, or cron's mail.",
    ),
    "home_open": (
        "home", Severity.FAIL,
        "Others may read the home or its keys.",
        "chmod -R go= HOME.",
    ),
    "home_foreign_owner": (
        "home", Severity.WARN,
        "Files of the home belong to another user than the home: its runs or its sweep may not be able to end what they must.",
        "chown -R the home to the one user that runs and sweeps.",
    ),
    "umask_open": (
        "home", Severity.NOTE,
        "The shell's umask lets others read new files; what `reprise` writes is private whatever it says.",
        "umask 077 for who acts, so that exports copied by hand are private too.",
    ),
    "trust_missing": (
        "home", Severity.WARN,
        "No root is trusted: no signature can be checked, so nothing can be authorised.",
        "`reprise trust add FILE --as root`.",
    ),
    "trust_stale": (
        "home", Severity.WARN,
        "A certificate or revocation list is out of its time: signatures that need it are refused.",
        "Fetch it anew; `reprise trust show`, `reprise trust add`.",
    ),
    "timestamps_missing": (
        "home", Severity.NOTE,
        "No time-stamp authority is trusted: heads of the ledger are anchored by those who keep certificates only.",
        "`reprise trust add FILE --as timestamp`, then `reprise ledger stamp-request`.",
    ),
    "machine_nameless": (
        "home", Severity.WARN,
        "This machine has no id: after a boot nobody can tell it from another, so what a run left cannot be certified.",
        "systemd-machine-id-setup; or let a container have its host's /etc/machine-id, read-only.",
    ),
    "home_new_here": (
        "home", Severity.NOTE,
        "This host has no memory of this home: it is a copy, or came from another machine; an older state would pass unseen.",
        "See that the home it came from is not used any more; the next ledger entry makes the memory.",
    ),
    "home_rolled_back": (
        "home", Severity.FAIL,
        "This host remembers more of the ledger than the home holds: an older copy was put back. Nothing runs.",
        "Find the newer home; or `reprise accept-rollback --reason CODE`, which forgets again what was forgotten.",
    ),
    "host_record_missing": (
        "home", Severity.FAIL,
        "This host has no record of this home where its settings say: it was moved here, or the record was removed.",
        "Put the record back; or `reprise accept-rollback --reason moved`, or `record_lost`, which makes a new one.",
    ),
    "record_place_not_fixed": (
        "home", Severity.NOTE,
        "This home was made by the first release: where its host's record lies is not fixed in its settings.",
        "Write into site.toml: state = FOLDER, the folder in which the record of this home lies.",
    ),
    "host_record_malformed": (
        "home", Severity.FAIL,
        "This host's memory of the home is damaged: whether an older copy was put back cannot be told. Only the sweep runs.",
        "Find out who damaged it; then `reprise accept-rollback --reason disk_failed` makes a new one, and ends what lives.",
    ),
    "host_record_behind": (
        "home", Severity.WARN,
        "This host's memory of the home is behind its ledger: an older copy put back might pass unseen.",
        "See that the state folder (docs/operations.md) can be written by who runs and sweeps.",
    ),
    "prefect_open": (
        "prefect", Severity.FAIL,
        "The Prefect API at PREFECT_API_URL answers without a password: whoever reaches it sees, starts and cancels runs.",
        "Start its server with PREFECT_SERVER_API_AUTH_STRING: docs/run-a-migration.md.",
    ),
    "prefect_silent": (
        "prefect", Severity.NOTE,
        "Nothing answers as a Prefect API at PREFECT_API_URL: whether it asks for a password cannot be seen.",
        "Start the server, or take PREFECT_API_URL out of the environment.",
    ),
}  # fmt: skip


def finding(code: str) -> Finding:
    """Returns the finding of this code."""
    area, severity, meaning, remedy = CATALOGUE[code]
    return Finding(area, code, severity.value, meaning, remedy)
