"""Words of the codes about exports, packages and destinations."""

from __future__ import annotations

_AGAIN = "Have the export made again, and compare its size with what the old software says."
_OTHER_COPY = "Copy it again from where it was made; if it is the same there, have the export made again."
_DEFECT = "Nothing was delivered. Report the code; `reprise abandon RUN --yes` destroys the staging."
_LIMIT = "Check that it is what it should be; docs/limits.md says which limits a site may raise, and how."
_FORMATS = "Reprise reads KMEHR (SMF, PMF) and HealthOne: check that this is the export, not an index or a note beside it."
_CEILING = (
    "The brackets name the kind of units that exceeds most, how many of how many, the parts of a thousand agreed to, and the"
    " files they came in, counted by path as in the export (of a zip: by its directory). Have these files exported again or"
    " mended, or have a new instruction signed that agrees to more; then abandon this run."
)

SOURCE: dict[str, tuple[str, str]] = {
    # files that cannot be used
    "source_missing": (
        "There is nothing at the path of the export.",
        "Check the path. A copy held by the operator may have been destroyed: `reprise custody`.",
    ),
    "source_empty": (
        "The export is empty: there is no file in it.",
        "Check the path: the export may lie a folder deeper, or its copy did not finish.",
    ),
    "file_not_regular": (
        "This is no ordinary file: a pipe, a socket or a device lies under its name.",
        "Find out who put it there; put the file itself in its place.",
    ),
    "source_unreadable": (
        "The export may not be read.",
        "Give this user leave to read its files and folders.",
    ),
    "file_missing": (
        "A path you gave does not exist.",
        "Check each path for a slip; a relative one counts from the folder you are in.",
    ),
    "file_is_a_folder": (
        "A path you gave is a folder, and a file is wanted.",
        "Check the path: name the file itself.",
    ),
    "cut_short": ("The file breaks off before its end.", _AGAIN),
    "not_well_formed": (
        "The file is not well-formed XML.",
        "Where a line and a column are named, it breaks there, in its decoded text. " + _AGAIN,
    ),
    "unreadable": ("No file of the export can be read.", _AGAIN),
    "unreadable_file": ("A file of the export cannot be read.", _AGAIN),
    "size_differs": (
        "A file of the export changed while it was read.",
        "See that nothing writes there any more, then run again.",
    ),
    "unknown_format": ("The file is in no format that is known here.", _FORMATS),
    "no_known_file": ("No file of the export holds records in a format that is known here.", _FORMATS),
    "no_patient": (
        "There is no patient in the export.",
        "Check that this is the whole export and not its index, or an empty one; have it made again for all patients.",
    ),
    "no_reader": ("The file is in no format that is known here.", _FORMATS),
    "no_counter": ("The file is in no format that is known here.", _FORMATS),
    "encrypted_folder": (
        "The records in the file are encrypted.",
        "Have the export made again without encryption; to protect it on its way, use a sealed intake (docs/intake.md).",
    ),
    "base64_invalid": ("What the file holds as an attachment does not decode.", _AGAIN),
    "zip_damaged": ("The archive is damaged.", _OTHER_COPY),
    "zip_member_cut": ("A file in the archive breaks off before its end.", _OTHER_COPY),
    "zip_encrypted": (
        "The archive is protected by a password.",
        "Unpack it and give the folder; to protect an export on its way, use a sealed intake (docs/intake.md).",
    ),
    "zip_method": (
        "The archive is compressed in a way that is not read here.",
        "Unpack it and give the folder.",
    ),
    "zip_holds_link": (
        "The archive holds a link.",
        "An export holds files only: have the archive made again, or unpack it, look, and give the folder.",
    ),
    "zip_path_leaves": (
        "A file in the archive would be written outside its folder.",
        "Do not unpack it. Ask who made it; an honest export holds no such path.",
    ),
    "zip_members_overlap": (
        "Two files in the archive share their bytes.",
        "Do not unpack it. Ask who made it; an honest export holds no such thing.",
    ),
    "zip_ratio": ("A file in the archive is compressed beyond what is plausible.", _LIMIT),
    "zip_bytes": ("The archive unpacks to more than the limit.", _LIMIT),
    "zip_member_longer": ("A file in the archive is longer than the archive says.", _OTHER_COPY),
    "link_leaves_folder": (
        "A link in the export leads out of its folder.",
        "Copy the files themselves into the folder, and no links.",
    ),
    "doctype": (
        "The file has a DOCTYPE, which could make a reader fetch or repeat things.",
        "Such a file is never read. Have the export made again: a KMEHR export has none.",
    ),
    "files": ("The export has more files than the limit.", _LIMIT),
    "file_bytes": ("A file of the export is larger than the limit.", _LIMIT),
    "file_too_large": ("A file of the export is larger than the limit.", _LIMIT),
    "message_too_large": ("A message in the export is larger than the limit.", _LIMIT),
    "documents": ("A file holds more documents than the limit.", _LIMIT),
    "token_too_large": ("A value in the file is longer than the limit.", _LIMIT),
    "unit_too_large": ("A record in the file is larger than the limit.", _LIMIT),
    "attachment_too_large": ("An attachment in the file is larger than the limit.", _LIMIT),
    "too_many_attributes": ("An element of the file has more attributes than any format knows.", _LIMIT),
    "too_deep": ("The file nests deeper than the limit.", _LIMIT),
    "count_without_tiling": ("A counter of this format does not account for every byte.", _DEFECT),
    "unknown_shape": (
        "There is no synthetic practice of this shape.",
        "`reprise trial --help` lists the shapes.",
    ),
    # sealed on the way
    "sealed_altered": (
        "The sealed file was altered on its way.",
        "Have the same sealed file sent again, put it in the same place, and `reprise resume RUN`.",
    ),
    "sealed_cut_short": (
        "The sealed file breaks off before its end.",
        "Have the same sealed file sent again, put it in the same place, and `reprise resume RUN`.",
    ),
    "sealed_armoured": (
        "The sealed file is in the text form of age.",
        "Have it sealed in the binary form: without `-a`; the seal page does so.",
    ),
    "sealed_header_malformed": (
        "The beginning of the sealed file is damaged.",
        "Have the same sealed file sent again, put it in the same place, and `reprise resume RUN`.",
    ),
    # balance
    "too_many_degraded": (
        "More would be delivered as text than the instruction agrees to.",
        _CEILING,
    ),
    "too_many_quarantined": (
        "More would be set aside than the instruction agrees to.",
        _CEILING,
    ),
    # packages
    "manifest_missing": (
        "This folder holds no manifest: it is no package, or not a whole one.",
        "Give the folder reprise-RUN itself; fetch it again when the manifest is not in it.",
    ),
    "manifest_malformed": (
        "The package's manifest is damaged.",
        "Fetch the package again from where it was delivered.",
    ),
    "part_altered": (
        "A part of the package is not the one that was delivered.",
        "Fetch the package again from where it was delivered.",
    ),
    "sealed_part_does_not_open": (
        "A part of the package does not open with this identity.",
        (
            "Take the identity file of a recipient that the instruction names: the practice's, or the recovery key's."
            " If it is that one, fetch the package again."
        ),
    ),
    "identity_not_age": (
        "This file holds no age identity.",
        "Give the file that `age-keygen` made; the line in it begins with AGE-SECRET-KEY-1.",
    ),
    "package_unreadable": (
        "The package cannot be read.",
        "Check the path and whether this user may read there; else fetch it again.",
    ),
    "part_is_no_zip": (
        "A part of the package opens, and holds no archive.",
        "Report the code, and keep the package: it is not as it was delivered, or this is a defect.",
    ),
    "member_leaves_folder": (
        "A part of the package would write outside the folder.",
        "Do not unpack it by other means. It was not made by Reprise: ask where it comes from.",
    ),
    "member_named_twice": (
        "A part of the package names a file twice.",
        "Do not unpack it by other means. It was not made by Reprise: ask where it comes from.",
    ),
    "part_has_too_many_members": (
        "A part of the package holds more files than `reprise open` makes of one; nothing was unpacked.",
        "Ask who made it: no part with charts holds so many. The report of a run that set more aside opens with age and unzip.",
    ),
    "part_unpacks_to_too_much": (
        "A part of the package unpacks to more than it says.",
        "Do not unpack it by other means. It was not made by Reprise: ask where it comes from.",
    ),
    "package_exists": (
        "Something lies where the package is to be delivered.",
        "Look what it is. Move it away, then `reprise resume RUN`; nothing is ever overwritten.",
    ),
    "package_altered": (
        "What lies at the destination is not what this run delivered there.",
        "Find out who changed it. The run can be abandoned; what lies there is left.",
    ),
    "package_incomplete": (
        "At the destination a part of the package is missing.",
        "Find out who removed it. The run can be abandoned; what lies there is left.",
    ),
    "package_not_written": (
        "The package could not be written.",
        "See whether the disk of the destination is full or read-only; then `reprise resume RUN`.",
    ),
    # destinations
    "destination_unusable": (
        "The destination folder cannot be written to.",
        "Make it, or give this user leave to write there; then run again.",
    ),
    "destination_missing": (
        "The destination's folder is not there.",
        "Mount its disk, or make the folder, then `reprise resume RUN`: it is not made anew in the middle of a run.",
    ),
    "destination_no_folder": (
        "A link or a file stands where a folder of the destination must be.",
        "Give the folder itself. If you did, somebody put something in its place: look who may write there.",
    ),
    "destination_not_private": (
        "At the destination another's folder, or one that others may write in, stands in the place of the run's own.",
        (
            "Look who may write there. The file system must keep owners and modes: a FAT or SMB disk is mounted as this"
            " user's (uid=, umask=022)."
        ),
    ),
    "sealed_part_altered": (
        "A sealed part in staging is no longer what was sealed.",
        "Have the disk looked at; then abandon the run and migrate again.",
    ),
    "into_not_new": (
        "Something lies there already.",
        "Give --into a folder that does not exist yet, or an empty one: nothing is ever written over.",
    ),
    "into_unusable": (
        "The folder to import from cannot be made.",
        "Give --into a path below a folder in which this user may write and which is no link.",
    ),
    "into_being_opened": (
        "Another `reprise open` is filling this folder.",
        "Wait for it, or give another --into.",
    ),
    "proof_not_accepted": (
        "The proof does not hold, so nothing was compared with it and nothing was opened.",
        "`reprise verify DIR --policy FILE` says why.",
    ),
    "package_of_another_run": (
        "The package says to be of another run than the proof.",
        "Take the proof and the package of one run: its id is in the name of both folders.",
    ),
    "package_not_as_proven": (
        "The package does not hold the parts that the proof names.",
        "Do not import it. Fetch it again; if it stays so, ask who delivered it.",
    ),
    "destination_unreachable": (
        "The server cannot be reached, or the connection was cut again and again.",
        "`reprise destination check NAME`; when it answers, `reprise resume RUN`: what arrived is not sent again.",
    ),
    "destination_full": (
        "The destination has no room left.",
        "Have room made there, then `reprise resume RUN`: what arrived is not sent again.",
    ),
    "destination_refuses": (
        "The server refuses this login or this act, or points to another server.",
        (
            "Check user, key and rights with who runs it: `reprise destination check NAME`; then `reprise resume RUN`."
            " No redirect is followed: a server that points elsewhere is declared anew by its own address."
        ),
    ),
    "host_key_changed": (
        "The server shows another host key than the one that was declared.",
        (
            "It may be another machine in its place. Ask who runs it, by another way; declare the server anew only"
            " when they confirm the key."
        ),
    ),
    "destination_lies": (
        "What the destination gives back is not what was brought there.",
        "Nothing was delivered. Have its disk and software looked at; then `reprise resume RUN`, or abandon the run.",
    ),
    "destination_in_use": (
        "A run that has not ended delivers there.",
        "Resume or abandon it first: `reprise runs`.",
    ),
    "destination_known": (
        "A server of this name is declared already.",
        "Take another name, or `reprise destination remove` the old one first.",
    ),
    "destination_not_registered": (
        "No server of this name is declared here.",
        "`reprise destination list` shows them, `reprise destination add` declares one.",
    ),
    "destination_name_malformed": (
        "This cannot be the name of a server.",
        "Small letters, digits and hyphens, as in `practice-nas`.",
    ),
    "destination_malformed": (
        "This is no destination.",
        "A folder; or sftp://NAME/PATH or s3://NAME/PATH, NAME being declared by `reprise destination add`.",
    ),
    "endpoint_malformed": (
        "This is no address of an S3 service.",
        "Write it as https://HOST or https://HOST:PORT.",
    ),
    "endpoint_not_https": (
        "The S3 service would be spoken to without encryption.",
        "Write its address with https://.",
    ),
    "bucket_malformed": (
        "This is no name of a bucket.",
        "Small letters, digits, dots and hyphens, 3 to 63 of them.",
    ),
    "host_malformed": ("This is no name of a host.", "Write HOST or HOST:PORT, and give --user."),
    "host_key_malformed": (
        "This is no host key.",
        "Give the line of the server's key as ssh-keyscan prints it, compared with who runs the server.",
    ),
    "path_malformed": (
        "This is no path at a server.",
        "Plain names with / between them, without `..`; a bucket's begins without /.",
    ),
    "identity_not_usable": (
        "The private key for the server cannot be used.",
        "Give an OpenSSH private key (ed25519 or RSA) that opens.",
    ),
    "identity_needs_passphrase": (
        "The private key for the server is protected by a passphrase.",
        "Type it when asked, or set REPRISE_IDENTITY_PASSPHRASE.",
    ),
    "credentials_missing": (
        "The destination lacks something to log in with.",
        "SFTP needs --user, --host-key and --identity; S3 needs REPRISE_S3_KEY_ID and REPRISE_S3_SECRET.",
    ),
    "page_cannot_be_made": (
        "The seal page cannot be written there.",
        "Name a file that does not exist yet, in a folder that does.",
    ),
}
