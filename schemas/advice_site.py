"""Words of the codes about homes, hosts, keys, staging, runs, the ledger and backups."""

from __future__ import annotations

_LOOK = "Keep the home as it is and call the person on duty; `reprise ledger check` lists the faults."
_INCIDENT = "Treat this as an incident: run `reprise abandon RUN --yes`, and find out who could write there."

SITE: dict[str, tuple[str, str]] = {
    # homes
    "home_not_given": ("The command does not name a home.", "Give --home DIR, or set REPRISE_HOME."),
    "user_settings_unsafe": (
        "Others can write to your settings file or to its folder.",
        "Make `~/.config/reprise` and the `reprise.toml` in it yours and writable by you alone: chmod go-w.",
    ),
    "user_settings_malformed": (
        "Reprise cannot read your settings file.",
        "Write `~/.config/reprise/reprise.toml` as TOML; `home` is a full path and `operator` a name, both in quotes.",
    ),
    "user_setting_unknown": (
        "Your settings file has a setting that Reprise does not know.",
        "Keep only `home` and `operator` in `~/.config/reprise/reprise.toml`.",
    ),
    "home_not_found": (
        "This folder is not a home.",
        "Check the path: a home contains `site.toml`. Run `reprise create HOME` to make a home.",
    ),
    "home_exists": (
        "A file or folder with this name already exists.",
        "Name a folder that does not exist yet.",
    ),
    "home_id_malformed": (
        "The home's own id is damaged.",
        "Restore its file `id` from a backup; without it, Reprise cannot distinguish this home from a copy.",
    ),
    "home_lives_here": (
        "The home of this backup exists on this machine.",
        (
            "Restore the backup only when the original is no longer in its place: two homes with one name would"
            " sign two ledgers."
        ),
    ),
    "home_rolled_back": (
        "An older copy of this home is in its place.",
        (
            "Put the newer home back, or run `reprise accept-rollback --reason CODE`, which repeats the"
            " erasures that this host remembers."
        ),
    ),
    "home_not_rolled_back": (
        "This home is not an older copy of itself.",
        "Go on as usual: there is nothing to accept.",
    ),
    "foreign_user": (
        "This home belongs to another user.",
        "Act as its owner: the keys are in that user's keyring, which no other user can see, not even root.",
    ),
    "origin_malformed": (
        "This is not a valid name for a ledger.",
        "Write the name as a host and a path, without https://: log.example.be/reprise.",
    ),
    "site_malformed": (
        "Reprise cannot read the home's `site.toml`.",
        "Write it as TOML; docs/operations.md lists the settings.",
    ),
    "code_table_malformed": (
        "A table of codes in the home's folder `codes/` cannot be read at `line`.",
        "Correct it: docs/codes.md lists the columns, the schemes and the forms of their values.",
    ),
    "code_table_contradicts": (
        "A table of codes in the home's folder `codes/` gives the code at `line` another meaning than an earlier row.",
        "Decide which is right, and remove the other row.",
    ),
    "limit_too_high": (
        "A limit in the home's `site.toml` is higher than Reprise can keep.",
        "Set `max_depth` to `limit` at most; docs/limits.md lists the other limits.",
    ),
    "site_setting_unknown": (
        "The home's `site.toml` has a setting or a value that Reprise does not know.",
        "Check each name for typing errors; docs/operations.md lists the settings and their values.",
    ),
    "host_record_missing": (
        "This host has no record of this home: the home was moved here, or the record was removed.",
        (
            "Put the record back, or return the home to its host; or run `reprise accept-rollback --reason moved`"
            " or `--reason record_lost`."
        ),
    ),
    "state_folder_unusable": (
        "Reprise cannot make the folder for this host's record of the home.",
        (
            "Make /var/lib/reprise for the user who acts, with mode 0700; or name a folder with REPRISE_STATE when"
            " you make the home."
        ),
    ),
    "host_record_malformed": (
        "This host's record of the home is damaged.",
        (
            "Find out who damaged it; then run `reprise accept-rollback --reason disk_failed`, which makes a new"
            " record and ends all live runs."
        ),
    ),
    # the host
    "swap_on": (
        "This host may write memory to disk (swap), and the site does not declare this.",
        "Run swapoff -a, or declare `swap_on` in declared_exceptions in site.toml: each certificate then says so.",
    ),
    "duckdb_settings_refused": (
        "The database engine does not accept the settings that keep it off the disk.",
        "Install the locked versions (`make install`); Reprise refuses any other version of duckdb.",
    ),
    "systemd_not_running": (
        "This host does not run systemd.",
        "Run `reprise install-sweep --cron`; or use --to DIR, and copy the units to where a service manager reads them.",
    ),
    "unit_not_enabled": (
        "The service manager (systemd) refused the timer.",
        "Run `systemctl status` to see the reason; the units are written.",
    ),
    "unit_not_ours": (
        "A unit or table with this name exists, and Reprise did not write it.",
        "Look at it and move it away, then run `reprise install-sweep` again.",
    ),
    "sweep_interval_unusable": (
        "A timer cannot keep this interval.",
        "Set `sweep_every_minutes` in site.toml to a number that divides 60.",
    ),
    "no_such_user": (
        "The home belongs to a user that this host does not know.",
        "Give the home to the user who runs and sweeps: chown -R.",
    ),
    "home_path_unusable": (
        "A timer cannot name this home, because its path contains a line break or a quote.",
        "Move the home to a plain path.",
    ),
    "program_not_found": (
        "A required program is not in its place.",
        (
            "For `reprise`, call it from the environment in which it is installed. For `systemctl`, check /usr/bin"
            " and /bin: Reprise looks only there."
        ),
    ),
    "disk_full": ("The disk is full.", "Free space, and continue a stopped run with `reprise resume RUN`."),
    # runs
    "run_has_ended": (
        "This run has ended.",
        "Run `reprise status RUN` to see how it ended and where its proof is.",
    ),
    "run_not_ended": (
        "This run has not ended.",
        "Run `reprise status RUN` to see its state; Reprise makes its proof when the run ends.",
    ),
    "no_such_run": (
        "No run has this id.",
        (
            "Choose one that `reprise runs` lists. The first four characters of an id are enough if no other id"
            " begins with them."
        ),
    ),
    "run_ambiguous": (
        "Several runs have an id that begins like this.",
        "Give more characters of the id; `reprise runs` lists the runs.",
    ),
    "no_such_order": (
        "This home has no order with this id.",
        "Give the order again: it was carried out, or it was forgotten because it waited longer than the site's ceiling.",
    ),
    "nothing_delivered": ("This run delivered nothing.", "Run `reprise status RUN` to see how it ended."),
    "run_of_another_program": (
        "Another version of Reprise began this run, and this version may not understand its staging.",
        (
            "Abandon the run, which destroys its staging and gives its use back, and start again; or resume it with"
            " the version that began it."
        ),
    ),
    "run_of_another_host": (
        "This run was started where this process cannot look.",
        "Resume or abandon it on the host that started it; a sweep removes its files at its deadline.",
    ),
    "run_of_unknown_owner": (
        "A run's lease and its instruction's record are both damaged, so its proof may concern this person.",
        "Restore the record from a backup, or have a person inspect that run's proof; then erase again.",
    ),
    "run_of_a_restored_home": (
        "This run was alive when the backup was made, and the backup does not contain its key.",
        "End the run with `reprise sweep`, because it cannot continue. Then migrate again.",
    ),
    "stopped_at_step": (
        "The run was stopped between two steps.",
        "Continue with `reprise resume RUN`, or destroy the staging with `reprise abandon RUN --yes`.",
    ),
    "data_process_lives": (
        "An earlier process of this run is still working on it.",
        "Wait a moment, then run `reprise resume RUN`; the sweep ends it at the run's deadline.",
    ),
    "data_process_died": (
        "The process that held the data was killed or crashed.",
        (
            "Run `reprise resume RUN`, which continues where it can. If the process ends again, check the host's"
            " log for lack of memory."
        ),
    ),
    "contracts_not_judged": (
        "The process that checks the data contracts was killed or crashed.",
        "Run `reprise resume RUN`. If the process ends again, check the host's log for lack of memory.",
    ),
    "deadline_passed": (
        "The run's staging deadline has passed.",
        (
            "Migrate again: the staging was destroyed. For a longer deadline, have a new instruction signed, within"
            " the site's ceiling."
        ),
    ),
    "doctor_busy": (
        "Another process is carrying out a run of this doctor.",
        (
            "Wait for it: each doctor can have one run at a time. `run`, where the brackets name it, is its id;"
            " `reprise status RUN` shows its progress."
        ),
    ),
    "intakes_busy": ("Another command is changing the intakes.", "Try again in a moment."),
    "custody_busy": (
        "Another command, or the sweep, is destroying a copy.",
        "Try again when it has ended: overwriting a large copy takes time.",
    ),
    "lease_unreadable": (
        "The record of a run (its lease) is damaged.",
        "Run `reprise sweep`, which sets the record aside and destroys key and staging; that run cannot have a certificate.",
    ),
    "run_record_unreadable": (
        "A record beside a run's lease is damaged.",
        "Restore it from a backup; at the deadline the sweep removes the run's staging in any case.",
    ),
    "internal": (
        "Reprise has a defect.",
        (
            "Report the command, the code and `step`; run `reprise resume RUN` or `reprise abandon RUN --yes`."
            " Nothing was delivered."
        ),
    ),
    # keys and staging
    "key_gone": (
        "The run's key is gone: it expired, was destroyed, or the machine was restarted.",
        "Run `reprise resume RUN`, which begins again from the export under the same deadline; or abandon the run.",
    ),
    "key_of_another_session": (
        "The run's key is in a keyring that this session cannot reach.",
        "Act as the same user on the same host; `reprise doctor` tests whether sessions share the keyring.",
    ),
    "keyring_refuses": (
        "The kernel refuses access to its keyring, as container profiles do.",
        "Allow add_key, keyctl and request_key in the profile, or use --keys memory.",
    ),
    "unknown_provider": (
        "Reprise does not know this place for a key.",
        "Give --keys keyring or --keys memory.",
    ),
    "identity_not_made": (
        "The process that makes an intake's key ended without making one.",
        "Try again; `reprise doctor` tests the keyring.",
    ),
    "segment_altered": ("A sealed piece of the staging was altered.", _INCIDENT),
    "manifest_altered": ("The list of a run's sealed pieces was altered.", _INCIDENT),
    "manifest_of_another_run": ("Staging contains pieces of another run.", _INCIDENT),
    "segment_unwritable": (
        "Reprise cannot write to the staging.",
        "Check whether its disk is read-only or was removed; then run `reprise resume RUN`.",
    ),
    "value_missing": (
        "A value that one step sealed for the next is missing.",
        "Run `reprise abandon RUN --yes`, and migrate again; find out who removed the value.",
    ),
    "value_unreadable": (
        "Reprise cannot read a value that one step sealed for the next.",
        "Run `reprise abandon RUN --yes`, and migrate again.",
    ),
    "event_unreadable": (
        "The two processes of the run do not understand each other.",
        "Make sure that nothing was installed during the run, because two releases are mixed; then run `reprise resume RUN`.",
    ),
    "order_unreadable": (
        "A process received an order that it cannot read.",
        "Make sure that nothing was installed during the command, because two releases are mixed; then try again.",
    ),
    "custody_unreadable": (
        "The record of a copy in custody is damaged.",
        "Restore the file from a backup; until then, Reprise does not destroy the copy on its date.",
    ),
    "sealed_record_altered": (
        "A sealed record of the home was altered, or it belongs elsewhere.",
        "Restore the file from a backup, and find out who could write in the home.",
    ),
    # destruction and the sweep
    "destruction_not_verified": (
        "Something of the run was still there after its destruction.",
        "Call the person on duty. `reprise sweep` tries again, and Reprise makes no certificate until everything is gone.",
    ),
    "destruction_incomplete": (
        "Something that had to be destroyed is still there.",
        "Call the person on duty: `reprise runs` and `reprise custody` show what remains; `reprise sweep` tries again.",
    ),
    "unknown_staging": (
        "A folder in staging does not belong to any run.",
        "Call the person on duty: Reprise leaves the folder as it is, because its owner is unknown.",
    ),
    "use_exceeded": (
        "The log has more runs of an instruction than the instruction allows.",
        "Keep the folder as it is and call the person on duty: the count of uses was bypassed.",
    ),
    "run_overdue": (
        "A run outlived its deadline.",
        "Run `reprise sweep` now; if the run remains, call the person on duty.",
    ),
    "copy_incomplete": (
        "Reprise could not destroy a copy whose date has passed.",
        "Run `reprise custody --paths` to see where it is; find out why it cannot be removed, or whether it was changed.",
    ),
    "clock_distrusted": (
        "The wall clock advanced further than the boot clock explains, so Reprise destroys no copy by its date for now.",
        "Have the clock synchronised; if it is right as it is, run `reprise sweep --clock-is-right`.",
    ),
    "sweep_never": (
        "No sweep of this home has completed yet.",
        "Run `reprise sweep`, and check that it exits with 0; run `reprise install-sweep` to schedule it.",
    ),
    "sweep_late": (
        "The last sweep is older than three times its interval.",
        "Run `reprise sweep` now; then find out why its timer does not start it: `reprise doctor`.",
    ),
    # copies and people
    "no_such_copy": ("No copy has this id.", "Choose one that `reprise custody --json` lists."),
    "copy_is_there": (
        "This copy is still where it was registered.",
        "Leave it there: it is not gone, and the sweep destroys it on its date.",
    ),
    "no_such_subject": (
        "No person has this id.",
        "Choose one that `reprise subject list` shows; it lists every person about whom the home keeps records.",
    ),
    "run_alive": (
        "A run that has not ended needs this record.",
        "Find the run with `reprise runs`, resume or abandon it, then erase again. The refusal is in the ledger.",
    ),
    "retention_not_over": (
        "The retention period of the proofs has not ended for this person.",
        "Wait until the date that `reprise subject show ID` shows. The refusal is in the ledger.",
    ),
    "copy_held": (
        "The operator still holds a copy of records that this person's instruction covers.",
        (
            "Run `reprise custody` to see which copy and until when; erase again once that date has passed. The"
            " refusal is in the ledger."
        ),
    ),
    "operator_acts": (
        "Operators cannot erase their own record.",
        "Have another operator erase it: --operator NAME. The refusal is in the ledger.",
    ),
    "attester_needed": (
        "A record in force depends on what this operator attested.",
        (
            "Find the record with `reprise subject show ID`, have another operator attest it again, then erase. The"
            " refusal is in the ledger."
        ),
    ),
    "receipt_exists": (
        "A file with this name exists and is not empty.",
        "Name another file: this one may be the only receipt of an earlier erasure. Nothing was erased.",
    ),
    # backups
    "backup_exists": (
        "A file with this name already exists.",
        "Name another file: a backup never replaces anything.",
    ),
    "no_recipient": (
        "The command does not name a recipient to whom the backup is sealed.",
        "Give --recipient with an age key whose identity is kept elsewhere; repeat it for a second recipient.",
    ),
    "backup_unreadable": (
        "Reprise cannot open the backup.",
        "Check that this is the complete backup file, and that it was sealed to this identity.",
    ),
    "backup_not_whole": (
        "The backup lacks a file that its list names.",
        "Use another copy of the backup; this one was cut short or altered.",
    ),
    "backup_holds_no_file": (
        "The backup contains an entry that is not a file.",
        "Do not unpack it with other tools: Reprise did not make it.",
    ),
    "backup_holds_foreign_name": (
        "The backup contains a name that no home uses.",
        "Do not unpack it with other tools: Reprise did not make it.",
    ),
    "backup_without_manifest": (
        "The backup has no list of its files.",
        "Use another copy: this is not a Reprise backup, or it is incomplete.",
    ),
    "proof_does_not_verify": (
        "A proof in the backup does not verify.",
        "Use an older backup, and keep this one: the home was altered before this backup was made.",
    ),
    # the ledger
    "ledger_moved": ("Another command wrote to the ledger at the same moment.", "Try again."),
    "log_shorter_than_head": (
        "The ledger is shorter than a head that it had issued.",
        "Assume that entries were lost or removed. " + _LOOK,
    ),
    "log_differs_from_head": (
        "The ledger does not continue from a head that it had issued.",
        "Assume that the ledger was rewritten, or that it is another ledger. " + _LOOK,
    ),
    "head_of_another_log": (
        "The head belongs to another ledger.",
        "Give a checkpoint from this home's proofs.",
    ),
    "checkpoint_older_than_log": (
        "The ledger's checkpoint is older than its entries.",
        "Assume that an older checkpoint was put back. " + _LOOK,
    ),
    "ForkError.file_missing": ("A file of the ledger is missing.", _LOOK),
    "origin_differs": ("The ledger's checkpoint belongs to another ledger.", _LOOK),
    "root_differs": ("The ledger's checkpoint does not match its entries.", _LOOK),
    "tree_note_malformed": ("The ledger's note of its own size is damaged.", _LOOK),
    "tree_note_differs": ("The ledger's note of its own size does not match its entries.", _LOOK),
    "tile_missing": ("A hash file of the ledger is missing.", _LOOK),
    "tile_differs": ("A hash file of the ledger does not match its entries.", _LOOK),
    "entry_malformed": ("An entry of the ledger is malformed.", _LOOK),
    "run_number_gap": ("The ledger lacks a run: the run numbers have a gap.", _LOOK),
    "started_twice": ("The ledger records two starts of one run.", _LOOK),
    "run_without_start": ("The ledger has entries of a run that never started.", _LOOK),
    "run_without_authorisation": ("The ledger has a run without an authorisation.", _LOOK),
    "destroyed_twice": ("The ledger records two destructions of one run.", _LOOK),
    "run_goes_on_after_its_end": ("The ledger has entries of a run after its end.", _LOOK),
    "unknown_file": (
        "The ledger's folder contains a file that does not belong to it.",
        "Move it out, and find out who put it there.",
    ),
    "cosigned_another_head": (
        "The witness signed a head other than the one sent to it.",
        "Send the present head with `reprise ledger consistency`, then have the witness sign that one.",
    ),
}
