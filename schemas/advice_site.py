"""Words of the codes about homes, hosts, keys, staging, runs, the ledger and backups."""

from __future__ import annotations

_LOOK = "Keep the home as it is and call the person on duty; `reprise ledger check` lists the faults."
_INCIDENT = "Treat it as an incident: `reprise abandon RUN --yes`, and find out who could write there."

SITE: dict[str, tuple[str, str]] = {
    # homes
    "home_not_given": ("No home is named.", "Give --home DIR, or set REPRISE_HOME."),
    "user_settings_unsafe": (
        "Others can write your file of settings, or the folder that it lies in.",
        "`~/.config/reprise` and the `reprise.toml` in it must be yours and writable for you alone: chmod go-w.",
    ),
    "user_settings_malformed": (
        "Your file of settings cannot be read.",
        "`~/.config/reprise/reprise.toml` must be TOML; `home` is a full path and `operator` a name, both in quotes.",
    ),
    "user_setting_unknown": (
        "Your file of settings has a setting that there is not.",
        "`~/.config/reprise/reprise.toml` may have `home` and `operator`, nothing else.",
    ),
    "home_not_found": (
        "There is no home in this folder.",
        "Check the path: a home holds `site.toml`. `reprise create HOME` makes one.",
    ),
    "home_exists": ("Something of this name is there.", "Name a folder that does not exist yet."),
    "home_id_malformed": (
        "The home's own id is damaged.",
        "Put its file `id` back from a backup; without it nobody can tell this home from a copy.",
    ),
    "home_lives_here": (
        "The home of this backup lives on this machine.",
        "Two homes of one name would sign two ledgers: restore it when the original is gone from its place.",
    ),
    "home_rolled_back": (
        "An older copy of this home lies in its place.",
        "Put the newer home back; or `reprise accept-rollback --reason CODE`, which forgets again what was forgotten.",
    ),
    "home_not_rolled_back": (
        "This home is no older copy of itself.",
        "There is nothing to accept: go on as usual.",
    ),
    "foreign_user": (
        "This home belongs to another user.",
        "Act as its owner: the keys are in that user's keyring, where nobody else sees them, root included.",
    ),
    "origin_malformed": (
        "This is no name for a ledger.",
        "Write it like a host with a path, without https://: log.example.be/reprise.",
    ),
    "site_malformed": (
        "The home's `site.toml` cannot be read.",
        "It must be TOML; docs/operations.md lists the settings.",
    ),
    "limit_too_high": (
        "A limit in the home's `site.toml` is higher than Reprise can keep.",
        "`max_depth` may be what `limit` says, at most; docs/limits.md lists the others.",
    ),
    "site_setting_unknown": (
        "The home's `site.toml` has a setting, or a value, that there is not.",
        "docs/operations.md lists the settings and what they may be; a slip in a name is refused too.",
    ),
    "host_record_missing": (
        "This host has no record of this home: it was moved here, or the record was removed.",
        "Put the record back, or the home on its host; or `reprise accept-rollback --reason moved`, or `record_lost`.",
    ),
    "state_folder_unusable": (
        "The folder for this host's record of the home cannot be made.",
        "Make /var/lib/reprise for the user who acts, mode 0700; or name a folder by REPRISE_STATE while the home is made.",
    ),
    "host_record_malformed": (
        "This host's memory of the home is damaged.",
        (
            "Find out who damaged it; then `reprise accept-rollback --reason disk_failed` makes a new one, and ends"
            " what lives."
        ),
    ),
    # the host
    "swap_on": (
        "This host may write memory to disk (swap), and the site does not declare that.",
        "swapoff -a; or declare `swap_on` among declared_exceptions in site.toml: each certificate then says so.",
    ),
    "duckdb_settings_refused": (
        "The database engine does not take the settings that keep it off the disk.",
        "Install the versions of the lock (`make install`); another version of duckdb is refused.",
    ),
    "systemd_not_running": (
        "This host does not run systemd.",
        "`reprise install-sweep --cron`; or --to DIR, and carry the units to where a service manager reads them.",
    ),
    "unit_not_enabled": (
        "The timer was refused by systemd.",
        "`systemctl status` says why; the units are written.",
    ),
    "unit_not_ours": (
        "A unit or table of this name is there, and Reprise did not write it.",
        "Look at it; move it away, then `reprise install-sweep` again.",
    ),
    "sweep_interval_unusable": (
        "A timer cannot keep this interval.",
        "Set `sweep_every_minutes` in site.toml to a number that divides 60.",
    ),
    "no_such_user": (
        "The home belongs to a user whom this host does not know.",
        "Give the home to the user who runs and sweeps: chown -R.",
    ),
    "home_path_unusable": (
        "A timer cannot name this home: its path holds a line break or a quote.",
        "Move the home to a plain path.",
    ),
    "program_not_found": (
        "A program that is needed is not where it must be.",
        "`reprise`: call it from the environment in which it is installed. `systemctl`: it is looked for in /usr/bin and /bin.",
    ),
    "disk_full": ("The disk is full.", "Free space; a run that stopped goes on with `reprise resume RUN`."),
    # runs
    "run_has_ended": ("This run has ended.", "`reprise status RUN` shows how, and where its proof is."),
    "run_not_ended": (
        "This run has not ended.",
        "`reprise status RUN` shows where it stands; its proof is made at its end.",
    ),
    "no_such_run": (
        "There is no run of this id.",
        "`reprise runs` lists them; the first four characters of an id are enough, where no other begins alike.",
    ),
    "run_ambiguous": (
        "Several runs have an id that begins so.",
        "`reprise runs` lists them; give more of the id.",
    ),
    "no_such_order": (
        "There is no order of this id in this home.",
        "It was carried out, or waited beyond the site's ceiling and was forgotten: give the order again.",
    ),
    "nothing_delivered": ("This run delivered nothing.", "`reprise status RUN` shows how it ended."),
    "run_of_another_program": (
        "This run was begun by another version of the program: what that one staged this one may not understand.",
        "Abandon it, which destroys what is staged and gives its use back, and start anew; or resume it with that version.",
    ),
    "run_of_another_host": (
        "This run was made where nobody here can look.",
        "Go on with it, or abandon it, on the host that started it; at its deadline a sweep removes its files.",
    ),
    "run_of_unknown_owner": (
        "A run's lease and its instruction's record are both damaged: its proof may be this person's.",
        "Put the record back from a backup, or have a person look at that run's proof; then erase again.",
    ),
    "run_of_a_restored_home": (
        "This run was alive when the backup was made; its key did not come with it.",
        "It cannot go on: `reprise sweep` ends it. Then migrate again.",
    ),
    "stopped_at_step": (
        "The run was stopped between two steps.",
        "`reprise resume RUN` goes on, `reprise abandon RUN --yes` destroys the staging.",
    ),
    "data_process_lives": (
        "A former process of this run still works on it.",
        "Wait a moment and `reprise resume RUN`; at the run's deadline the sweep ends it.",
    ),
    "data_process_died": (
        "The process that held the data was killed, or crashed.",
        "`reprise resume RUN` goes on where it can; when it ends so again, look for want of memory in the host's log.",
    ),
    "contracts_not_judged": (
        "The process that judges the data contracts was killed, or crashed.",
        "`reprise resume RUN` goes on; when it ends so again, look for want of memory in the host's log.",
    ),
    "deadline_passed": (
        "The run's staging deadline has passed.",
        (
            "Its staging was destroyed. Migrate again; a longer deadline needs a new instruction, within the site's"
            " ceiling."
        ),
    ),
    "doctor_busy": (
        "A run of this doctor is being carried right now.",
        "One run a doctor at a time. Wait for it: `reprise status RUN`, where `run` names it, shows how far it is.",
    ),
    "intakes_busy": ("Another command is changing the intakes.", "Try again in a moment."),
    "custody_busy": (
        "Another command, or the sweep, is destroying a copy.",
        "Try again when it is done: overwriting a large copy takes its time.",
    ),
    "lease_unreadable": (
        "The record of a run (its lease) is damaged.",
        "`reprise sweep` sets it aside and destroys key and staging; that run can have no certificate.",
    ),
    "run_record_unreadable": (
        "A record beside a run's lease is damaged.",
        "Put it back from a backup; at the deadline the sweep removes the run's staging whatever it says.",
    ),
    "internal": (
        "Reprise has a defect here.",
        (
            "Nothing was delivered. Report the command, the code and `step`; `reprise resume RUN` or `reprise abandon"
            " RUN --yes`."
        ),
    ),
    # keys and staging
    "key_gone": (
        "The run's key is gone: it expired, was destroyed, or the machine was restarted.",
        "`reprise resume RUN` begins again from the export, under the same deadline; or abandon it.",
    ),
    "key_of_another_session": (
        "The run's key lies in a keyring that this session does not reach.",
        "Act as the same user on the same host; `reprise doctor` tests whether sessions share it.",
    ),
    "keyring_refuses": (
        "The kernel refuses its keyring here, as container profiles do.",
        "Allow add_key, keyctl and request_key in the profile; or --keys memory.",
    ),
    "unknown_provider": ("There is no such place for a key.", "Give --keys keyring or --keys memory."),
    "identity_not_made": (
        "The process that makes an intake's key ended without one.",
        "Try again; `reprise doctor` tests the keyring.",
    ),
    "segment_altered": ("A sealed piece of the staging was altered.", _INCIDENT),
    "manifest_altered": ("The list of a run's sealed pieces was altered.", _INCIDENT),
    "manifest_of_another_run": ("Staging holds pieces of another run.", _INCIDENT),
    "segment_unwritable": (
        "The staging cannot be written.",
        "See whether its disk is read-only or was taken out; then `reprise resume RUN`.",
    ),
    "value_missing": (
        "What a step sealed for the next is not there.",
        "`reprise abandon RUN --yes`, and migrate again; find out who removed it.",
    ),
    "value_unreadable": (
        "What a step sealed for the next cannot be read.",
        "`reprise abandon RUN --yes`, and migrate again.",
    ),
    "event_unreadable": (
        "The two processes of the run do not understand each other.",
        "Two releases are mixed: see that nothing was installed while the run was going on, then `reprise resume RUN`.",
    ),
    "order_unreadable": (
        "A process got an order that it cannot read.",
        "Two releases are mixed: see that nothing was installed while the command was going on, and try again.",
    ),
    "heartbeat_unreadable": (
        "The record of the last sweep is damaged.",
        "`reprise sweep` writes it anew.",
    ),
    "custody_unreadable": (
        "The record of a copy in custody is damaged.",
        "Put the file back from a backup; until then its copy is not destroyed at its date.",
    ),
    "sealed_record_altered": (
        "A sealed record of the home was altered, or belongs elsewhere.",
        "Put the file back from a backup, and find out who could write in the home.",
    ),
    # destruction and the sweep
    "destruction_not_verified": (
        "After its destruction something of the run was still there.",
        "Call the person on duty; `reprise sweep` tries again, and no certificate is made until all is gone.",
    ),
    "destruction_incomplete": (
        "Something that had to be destroyed is still there.",
        "Call the person on duty: `reprise runs` and `reprise custody` show what; `reprise sweep` tries again.",
    ),
    "unknown_staging": (
        "A folder in staging belongs to no run.",
        "Call the person on duty: it is left as it is, for nobody knows whose it is.",
    ),
    "use_exceeded": (
        "The log has more runs of one instruction than the instruction allows.",
        "Keep the folder as it is and call the person on duty: somebody went round the count of uses.",
    ),
    "run_overdue": (
        "A run outlived its deadline.",
        "`reprise sweep` now; when it stays, call the person on duty.",
    ),
    "copy_incomplete": (
        "A copy whose date has passed could not be destroyed.",
        "`reprise custody --paths` shows where; look why it cannot be removed, or whether it was changed.",
    ),
    "clock_distrusted": (
        "The wall clock went further than the boot clock explains; no copy is destroyed by its date meanwhile.",
        "Have the clock synchronised; if it is right as it is: `reprise sweep --clock-is-right`.",
    ),
    "sweep_never": (
        "No sweep of this home has run to its end yet.",
        "`reprise sweep`, and see that it exits 0; `reprise install-sweep` has it come by itself.",
    ),
    "sweep_late": (
        "The last sweep is older than three times its interval.",
        "`reprise sweep` now; then see why its timer does not call it: `reprise doctor`.",
    ),
    # copies and people
    "no_such_copy": ("There is no copy of this id.", "`reprise custody --json` lists them."),
    "copy_is_there": (
        "This copy lies where it was registered.",
        "It is not gone: the sweep destroys it at its date.",
    ),
    "no_such_subject": (
        "There is nobody of this id.",
        "`reprise subject list` lists of whom anything is kept.",
    ),
    "run_alive": (
        "A run that has not ended needs this record.",
        "`reprise runs`; resume or abandon it, then erase again. The refusal is in the ledger.",
    ),
    "retention_not_over": (
        "The time for which proofs are kept is not over for this person.",
        "`reprise subject show ID` says until when. The refusal is in the ledger.",
    ),
    "copy_held": (
        "The operator still holds a copy of records that this person's instruction covers.",
        "`reprise custody` says which and until when; once it has ended, erase again. The refusal is in the ledger.",
    ),
    "operator_acts": (
        "This is the operator who acts.",
        "Nobody erases himself: another operator does it, --operator NAME. The refusal is in the ledger.",
    ),
    "attester_needed": (
        "Something in force rests on what this operator attested.",
        "`reprise subject show ID` lists it; another operator attests it again, then erase. The refusal is in the ledger.",
    ),
    "receipt_exists": (
        "A file of this name is there, and it is not empty.",
        "Name another: it may be the only receipt of an earlier erasure. Nothing was erased.",
    ),
    # backups
    "backup_exists": ("A file of this name is there.", "Name another: a backup never replaces anything."),
    "no_recipient": (
        "A backup is sealed to somebody, and nobody is named.",
        "Give --recipient with an age key whose identity lies elsewhere; repeat it for a second.",
    ),
    "backup_unreadable": (
        "The backup does not open.",
        "Check that this is its file, whole, and that the identity is one of those it was sealed to.",
    ),
    "backup_not_whole": (
        "The backup lacks a file that its list names.",
        "Take another copy of it; this one was cut short or altered.",
    ),
    "backup_holds_no_file": (
        "The backup holds something that is no file.",
        "It was not made by Reprise: do not unpack it by other means.",
    ),
    "backup_holds_foreign_name": (
        "The backup holds a name that no home has.",
        "It was not made by Reprise: do not unpack it by other means.",
    ),
    "backup_without_manifest": (
        "The backup has no list of its files.",
        "It is no backup of Reprise, or not whole: take another copy.",
    ),
    "proof_does_not_verify": (
        "A proof in the backup does not verify.",
        "Take an older backup, and keep this one: the home was altered before it was made.",
    ),
    # the ledger
    "ledger_moved": ("Another command wrote to the ledger at the same moment.", "Try again."),
    "log_shorter_than_head": (
        "The ledger is shorter than a head that was handed out.",
        "Entries were lost or taken away. " + _LOOK,
    ),
    "log_differs_from_head": (
        "The ledger does not go on from a head that was handed out.",
        "It was rewritten, or is another log. " + _LOOK,
    ),
    "head_of_another_log": ("The head is of another ledger.", "Give a checkpoint of this home's proofs."),
    "checkpoint_older_than_log": (
        "The ledger's checkpoint is older than its entries.",
        "An older checkpoint was put back. " + _LOOK,
    ),
    "ForkError.file_missing": ("A file of the ledger is missing.", _LOOK),
    "origin_differs": ("The ledger's checkpoint is of another ledger.", _LOOK),
    "root_differs": ("The ledger's checkpoint does not fit its entries.", _LOOK),
    "tree_note_malformed": ("The ledger's note of its own size is damaged.", _LOOK),
    "tree_note_differs": ("The ledger's note of its own size does not fit its entries.", _LOOK),
    "tile_missing": ("A file of the ledger's hashes is missing.", _LOOK),
    "tile_differs": ("A file of the ledger's hashes does not fit its entries.", _LOOK),
    "entry_malformed": ("An entry of the ledger is not in the form of one.", _LOOK),
    "run_number_gap": ("The ledger lacks a run: their numbers have a gap.", _LOOK),
    "started_twice": ("The ledger has two beginnings of one run.", _LOOK),
    "run_without_start": ("The ledger has entries of a run that never began.", _LOOK),
    "run_without_authorisation": ("The ledger has a run that nothing authorised.", _LOOK),
    "destroyed_twice": ("The ledger has two destructions of one run.", _LOOK),
    "run_goes_on_after_its_end": ("The ledger has entries of a run after its end.", _LOOK),
    "unknown_file": (
        "The ledger's folder holds something that is none of it.",
        "Move it out, and find out who put it there.",
    ),
    "cosigned_another_head": (
        "The witness signed another head than the one sent to it.",
        "Send the present head: `reprise ledger consistency`; then cosign again.",
    ),
}
