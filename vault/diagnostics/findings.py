"""Every finding: its code, its severity, its meaning for the guarantees of Reprise, and the remedy (docs/doctor.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`fail`: a guarantee does not hold here; `warn`: a guarantee is weaker here; `note`: information; `ok`: no finding."""

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
        """Return the object that `--json` prints."""
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
        "Run swapoff -a and remove swap from fstab, or declare `swap_on` in site.toml: certificates then print it.",
    ),
    "swap_declared": (
        "memory", Severity.WARN,
        "Swap is on and declared; every certificate of this home says so.",
        "Run swapoff -a, then remove `swap_on` from declared_exceptions.",
    ),
    "swap_unencrypted": (
        "memory", Severity.WARN,
        "A swap area is on a disk without encryption, where swapped-out data stays readable.",
        "Turn swap off, or put it on a dm-crypt device with a random key (crypttab: swap), or use zram.",
    ),
    "core_pattern_pipes": (
        "memory", Severity.NOTE,
        "Core dumps go to a program; the data process forbids its own dumps, but other processes do not.",
        "Set kernel.core_pattern=core, or leave it: no process that may dump holds a run key.",
    ),
    "core_limit_open": (
        "memory", Severity.NOTE,
        "Processes started here may dump core; the data process sets its own limit to 0.",
        "Set a hard limit of 0 for core in limits.conf, or LimitCORE=0 in the unit.",
    ),
    "hibernation_possible": (
        "memory", Severity.WARN,
        "This host can hibernate, which writes all memory to disk, including keys.",
        "Mask hibernate.target and hybrid-sleep.target, and remove resume= from the kernel's command line.",
    ),
    "ptrace_open": (
        "memory", Severity.WARN,
        "Every process may read the memory of other processes of its user (the data process forbids this for itself).",
        "Set kernel.yama.ptrace_scope=1 or more.",
    ),
    "ptrace_unknown": (
        "memory", Severity.NOTE,
        "This kernel has no Yama, so only each process itself can prevent tracing by the same user.",
        "Do nothing: the data process makes itself untraceable.",
    ),
    "keyring_forbidden": (
        "keyring", Severity.FAIL,
        "The kernel refuses the keyring, as container profiles (seccomp) do, so the `keyring` provider cannot be used.",
        "Allow add_key, keyctl and request_key in the container's profile, or run with --keys memory.",
    ),
    "keyring_not_shared": (
        "keyring", Severity.FAIL,
        "Another session of the same user cannot read a key, so resume and sweep could not reach it.",
        "Run the worker and the sweep as one user, in one user namespace (no PrivateUsers=).",
    ),
    "keyring_keeps": (
        "keyring", Severity.FAIL,
        "A key was readable after its timeout or its revocation: the kernel does not destroy keys as promised.",
        "Do not migrate on this host; have its kernel checked.",
    ),
    "disk_network": (
        "disk", Severity.WARN,
        "Home or staging is on a network file system, whose server may keep copies and snapshots that Reprise cannot see.",
        "Move the home to a local disk.",
    ),
    "disk_volatile": (
        "disk", Severity.WARN,
        "The home is in memory (tmpfs), so ledger and proofs are lost at a reboot.",
        "Move the home to a disk.",
    ),
    "disk_snapshots": (
        "disk", Severity.NOTE,
        "This file system can keep snapshots, in which deleted files may survive; staging there is ciphertext.",
        "Exclude home and staging from snapshots, or keep no snapshot longer than the staging deadline.",
    ),
    "disk_unencrypted": (
        "disk", Severity.WARN,
        "The disk appears to be unencrypted, so a thief of the disk could read the home's keys and records.",
        "Put the home on LUKS (dm-crypt).",
    ),
    "disk_flash": (
        "disk", Severity.NOTE,
        "Flash storage keeps overwritten blocks for a while; destroyed data was ciphertext, and its key was never in a file.",
        "Do nothing; discard (fstrim) shortens that time.",
    ),
    "disk_unknown": (
        "disk", Severity.NOTE,
        "Reprise cannot see which disk is under the home (a container, or a file system without a device).",
        "Check the disk on the host itself.",
    ),
    "space_low": (
        "disk", Severity.WARN,
        "Less than 5 % or 1 GiB is free, so a run may stop for lack of space (41); it can be resumed.",
        "Free space.",
    ),
    "space_out": (
        "disk", Severity.FAIL,
        "Less than 64 MiB is free, so the ledger may refuse entries, and then nothing runs.",
        "Free space now.",
    ),
    "clock_not_synchronised": (
        "clock", Severity.WARN,
        "The kernel reports that its clock is not synchronised, so deadlines and certificates may state a wrong time.",
        "Run chrony or systemd-timesyncd, and let it reach its servers.",
    ),
    "clock_without_service": (
        "clock", Severity.WARN,
        "No service keeps this clock right (no chronyd, ntpd or systemd-timesyncd runs).",
        "Install chrony, or enable systemd-timesyncd.",
    ),
    "clock_was_set": (
        "clock", Severity.WARN,
        (
            "The wall clock was set against the boot clock since the last sweep; the kernel's key timeouts follow"
            " the wall clock."
        ),
        "Find out who sets the clock; the next sweep sets the timeouts again.",
    ),
    "sweep_not_yet": (
        "sweep", Severity.WARN,
        (
            "No sweep of this home has run yet, and nothing starts one; no staging exists yet that a sweep would"
            " have to destroy."
        ),
        "Run `reprise install-sweep` before the first run; then run `reprise sweep` once, and check that it exits with 0.",
    ),
    "sweep_not_installed": (
        "sweep", Severity.FAIL,
        "Nothing starts the sweep of this home, so the staging of a run that crashes may outlive its deadline.",
        "Run `reprise install-sweep`.",
    ),
    "sweep_not_enabled": (
        "sweep", Severity.FAIL,
        "The sweep's timer is written but not enabled, so it does not start after a reboot.",
        "Run systemctl enable --now with the timer that `reprise install-sweep` names.",
    ),
    "cron_not_running": (
        "sweep", Severity.FAIL,
        "The sweep's table is written for cron, but no cron daemon runs, so the sweep does not start.",
        "Start cron, and have it start at boot; or run `reprise install-sweep --systemd`.",
    ),
    "processes_hidden": (
        "sweep", Severity.WARN,
        "/proc hides the processes of other users (hidepid), so Reprise cannot see whether cron or a clock service runs.",
        "Check both yourself, or mount /proc with a gid= that the home's owner has.",
    ),
    "sweep_by_other_means": (
        "sweep",
        Severity.NOTE,
        (
            "A sweep ran in time, but no unit of Reprise started it; a person or scheduler did, and may not do so"
            " after a reboot."
        ),
        "Run `reprise install-sweep`, unless Prefect's schedule starts the sweep.",
    ),
    "sweep_never": (
        "sweep", Severity.WARN,
        "No sweep of this home has completed yet.",
        "Run `reprise sweep`, and check that it exits with 0.",
    ),
    "sweep_late": (
        "sweep", Severity.FAIL,
        "The last sweep is older than three times its interval, so deadlines may pass unnoticed.",
        "Run `reprise sweep` now; then check `systemctl status` of the timer, or cron's mail.",
    ),
    "home_open": (
        "home", Severity.FAIL,
        "Others may read the home or its keys.",
        "Run chmod -R go= HOME.",
    ),
    "home_foreign_owner": (
        "home", Severity.WARN,
        (
            "Some files of the home belong to a user other than its owner, so its runs or its sweep may fail to end"
            " what they must."
        ),
        "Use chown -R to give the home to the one user who runs and sweeps.",
    ),
    "umask_open": (
        "home", Severity.NOTE,
        "The shell's umask lets others read new files; files that `reprise` writes are private in any case.",
        "Set umask 077 for the user who acts, so that exports copied by hand are private too.",
    ),
    "trust_missing": (
        "home", Severity.WARN,
        "The home trusts no root, so Reprise cannot check signatures, and no instruction can be authorised.",
        "Run `reprise trust add FILE --as root`.",
    ),
    "trust_stale": (
        "home", Severity.WARN,
        "A certificate or revocation list is outside its validity, so Reprise refuses signatures that need it.",
        "Find it with `reprise trust show`, fetch a current one, and run `reprise trust add`.",
    ),
    "timestamps_missing": (
        "home", Severity.NOTE,
        "The home trusts no time-stamp authority, so only people who keep certificates anchor the heads of the ledger.",
        "Run `reprise trust add FILE --as timestamp`, then `reprise ledger stamp-request`.",
    ),
    "machine_nameless": (
        "home", Severity.WARN,
        "This machine has no id to distinguish it after a reboot, so Reprise cannot certify what a run left.",
        "Run systemd-machine-id-setup, or give a container its host's /etc/machine-id, read-only.",
    ),
    "home_new_here": (
        "home", Severity.NOTE,
        (
            "This host has no record of this home: it is a copy or came from another machine, and an older state"
            " would go unnoticed."
        ),
        "Make sure that the home it came from is no longer used; the next ledger entry makes the record.",
    ),
    "home_rolled_back": (
        "home", Severity.FAIL,
        "This host remembers more of the ledger than the home contains: an older copy was put back, and nothing runs.",
        "Find the newer home, or run `reprise accept-rollback --reason CODE`, which repeats the erasures the host remembers.",
    ),
    "host_record_missing": (
        "home", Severity.FAIL,
        "This host has no record of this home where its settings say: the home was moved here, or the record was removed.",
        (
            "Put the record back, or run `reprise accept-rollback` with `--reason moved` or `--reason record_lost`,"
            " which makes a new one."
        ),
    ),
    "record_place_not_fixed": (
        "home", Severity.NOTE,
        "The first release made this home, so its settings do not fix where its host's record is.",
        "Write into site.toml: state = FOLDER, the folder that contains the record of this home.",
    ),
    "host_record_malformed": (
        "home", Severity.FAIL,
        (
            "This host's record of the home is damaged, so Reprise cannot see whether an older copy was put back;"
            " only the sweep runs."
        ),
        (
            "Find out who damaged it; then run `reprise accept-rollback --reason disk_failed`, which makes a new"
            " record and ends all live runs."
        ),
    ),
    "host_record_behind": (
        "home", Severity.WARN,
        "This host's record of the home is behind its ledger, so an older copy might be put back unnoticed.",
        "Make sure that the user who runs and sweeps can write to the state folder (docs/operations.md).",
    ),
    "prefect_open": (
        "prefect", Severity.FAIL,
        (
            "The Prefect API at PREFECT_API_URL answers without a password: any client that reaches it can see,"
            " start and cancel runs."
        ),
        "Start its server with PREFECT_SERVER_API_AUTH_STRING: docs/run-a-migration.md.",
    ),
    "prefect_silent": (
        "prefect", Severity.NOTE,
        "No Prefect API answers at PREFECT_API_URL, so Reprise cannot see whether it asks for a password.",
        "Start the server, or remove PREFECT_API_URL from the environment.",
    ),
}  # fmt: skip


def finding(code: str) -> Finding:
    """Return the finding of this code."""
    area, severity, meaning, remedy = CATALOGUE[code]
    return Finding(area, code, severity.value, meaning, remedy)
