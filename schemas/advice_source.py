"""Words of the codes about exports, packages and destinations."""

from __future__ import annotations

_AGAIN = "Have the export made again, and compare its size with the size that the old software states."
_OTHER_COPY = "Copy the archive again from where it was made. If that copy has the same fault, have the export made again."
_DEFECT = "Nothing was delivered. Report the code; `reprise abandon RUN --yes` destroys the staging."
_LIMIT = (
    "Check that the file is what it should be; docs/limits.md says which limits a site may raise, and how."
)
_FORMATS = (
    "Check that this is the export, not an index or a note beside it. "
    "Reprise reads KMEHR (SMF, PMF), HealthOne, MediDoc, MEDAR, HL7 v2, FHIR R4, and tables that a mapping file describes."
)
_CEILING = (
    "Have the files that the brackets name exported again or corrected, or have a new instruction with higher"
    " ceilings signed; then abandon this run. The brackets name the kind of units that exceeds its ceiling most,"
    " how many of how many, the agreed parts of a thousand, and the files that the units came from, counted by path"
    " as in the export (in a zip: by its directory)."
)

SOURCE: dict[str, tuple[str, str]] = {
    # files that cannot be used
    "source_missing": (
        "The path of the export does not exist.",
        "Check the path. A copy that the operator held may have been destroyed: `reprise custody` shows this.",
    ),
    "source_empty": (
        "The export contains no files.",
        "Check the path: the export may be one folder deeper, or the copy may be incomplete.",
    ),
    "file_not_regular": (
        "This is not a regular file but a pipe, a socket or a device.",
        "Find out who put it there, and put the file itself in its place.",
    ),
    "source_not_absolute": (
        "This is not a full path.",
        "Write the whole path of the export on this host, from / on.",
    ),
    "no_such_source": (
        "No source has this id.",
        "Register the export again: a source is forgotten after thirty days, or when somebody removes it.",
    ),
    "source_unreadable": (
        "This user may not read the export.",
        "Give this user permission to read its files and folders.",
    ),
    "file_missing": (
        "A path you gave does not exist.",
        "Check each path for typing errors. A relative path starts from the current folder.",
    ),
    "file_is_a_folder": (
        "A path you gave is a folder, but the command needs a file.",
        "Check the path, and name the file itself.",
    ),
    "cut_short": ("The file ends too early.", _AGAIN),
    "not_well_formed": (
        "The file is not well-formed XML.",
        "Look at the line and column, if the message names them: the fault is there, in the decoded text. "
        + _AGAIN,
    ),
    "unreadable": ("Reprise cannot read any file of the export.", _AGAIN),
    "unreadable_file": ("Reprise cannot read a file of the export.", _AGAIN),
    "size_differs": (
        "A file of the export changed while Reprise read it.",
        "Make sure that no program writes there any more, then run again.",
    ),
    "unknown_format": ("Reprise does not know the format of the file.", _FORMATS),
    "no_known_file": ("No file of the export contains records in a format that Reprise knows.", _FORMATS),
    "no_patient": (
        "The export contains no patient.",
        (
            "Check that this is the whole export, not its index or an empty export; otherwise, have it made again"
            " for all patients."
        ),
    ),
    "no_reader": ("Reprise does not know the format of the file.", _FORMATS),
    "no_counter": ("Reprise does not know the format of the file.", _FORMATS),
    "encrypted_folder": (
        "The records in the file are encrypted.",
        "Have the export made again without encryption. To protect it in transit, use a sealed intake (docs/intake.md).",
    ),
    "base64_invalid": ("Reprise cannot decode an attachment in the file.", _AGAIN),
    "zip_damaged": ("The archive is damaged.", _OTHER_COPY),
    "zip_member_cut": ("A file in the archive ends too early.", _OTHER_COPY),
    "zip_encrypted": (
        "A password protects the archive.",
        "Unpack the archive and give the folder. To protect an export in transit, use a sealed intake (docs/intake.md).",
    ),
    "zip_method": (
        "The archive uses a compression method that Reprise does not read.",
        "Unpack the archive and give the folder.",
    ),
    "zip_holds_link": (
        "The archive contains a link.",
        "Have the archive made again with files only, or unpack it, inspect it, and give the folder.",
    ),
    "zip_path_leaves": (
        "A file in the archive has a path outside the archive's folder.",
        "Do not unpack the archive. Ask who made it: an honest export contains no such path.",
    ),
    "zip_members_overlap": (
        "Two files in the archive share the same bytes.",
        "Do not unpack the archive. Ask who made it: an honest export contains no such files.",
    ),
    "zip_ratio": ("A file in the archive is compressed more than is plausible.", _LIMIT),
    "zip_bytes": ("The unpacked archive is larger than the limit.", _LIMIT),
    "zip_member_longer": ("A file in the archive is longer than the archive says.", _OTHER_COPY),
    "link_leaves_folder": (
        "A link in the export points outside its folder.",
        "Copy the files themselves into the folder, without links.",
    ),
    "dialect_changed": (
        "The export uses names of the kind `kind` that the last one of its software did not, and the site stops runs for these.",
        "Run `reprise probe` to see them; to carry them as they came, set `[dialect]` in site.toml (docs/dialects.md).",
    ),
    "doctype": (
        "The file has a DOCTYPE, which could make a program fetch or repeat content.",
        "Have the export made again: a KMEHR export has no DOCTYPE, and Reprise never reads a file with one.",
    ),
    "files": ("The export has more files than the limit.", _LIMIT),
    "file_bytes": ("A file of the export is larger than the limit.", _LIMIT),
    "file_too_large": ("A file of the export is larger than the limit.", _LIMIT),
    "message_too_large": ("A message in the export is larger than the limit.", _LIMIT),
    "documents": ("A file contains more documents than the limit.", _LIMIT),
    "token_too_large": ("A value in the file is longer than the limit.", _LIMIT),
    "unit_too_large": ("A record in the file is larger than the limit.", _LIMIT),
    "attachment_too_large": ("An attachment in the file is larger than the limit.", _LIMIT),
    "too_many_attributes": ("An element in the file has more attributes than any known format uses.", _LIMIT),
    "too_deep": ("The file is nested more deeply than the limit.", _LIMIT),
    "count_without_tiling": ("The counter of this format does not account for every byte.", _DEFECT),
    "unknown_shape": (
        "Reprise has no synthetic practice of this shape.",
        "Choose a shape that `reprise trial --help` lists.",
    ),
    # sealed on the way
    "sealed_altered": (
        "The sealed file was altered in transit.",
        "Have the same sealed file sent again, put it in the same place, and run `reprise resume RUN`.",
    ),
    "sealed_cut_short": (
        "The sealed file ends too early.",
        "Have the same sealed file sent again, put it in the same place, and run `reprise resume RUN`.",
    ),
    "sealed_armoured": (
        "The sealed file is in the text format of age.",
        "Have it sealed in the binary format, without `-a`; the seal page uses that format.",
    ),
    "sealed_header_malformed": (
        "The beginning of the sealed file is damaged.",
        "Have the same sealed file sent again, put it in the same place, and run `reprise resume RUN`.",
    ),
    # balance
    "too_many_degraded": ("Reprise would deliver more units as text than the instruction allows.", _CEILING),
    "too_many_quarantined": ("Reprise would quarantine more units than the instruction allows.", _CEILING),
    # packages
    "manifest_missing": (
        "This folder has no manifest: it is not a package, or the package is incomplete.",
        "Give the folder reprise-RUN itself. If the manifest is missing from it, fetch the package again.",
    ),
    "manifest_malformed": (
        "The package's manifest is damaged.",
        "Fetch the package again from where it was delivered.",
    ),
    "package_version_unknown": (
        "The package was made by another version of Reprise.",
        "Open it with the page desk.html that lies in it, or with the version of Reprise that made it.",
    ),
    "description_missing": (
        "This package does not say how it is written: an earlier release of Reprise made it.",
        "See docs/formats/medinect.md of the release that made it.",
    ),
    "beside_altered": (
        "A page or a text beside the package is not the one that the package was made with.",
        "Do not use desk.html from this folder. Fetch the package again from where it was delivered.",
    ),
    "part_altered": (
        "A part of the package differs from what was delivered.",
        "Fetch the package again from where it was delivered.",
    ),
    "sealed_part_does_not_open": (
        "This identity does not open a part of the package.",
        (
            "Use the identity file of a recipient that the instruction names: the practice's or the recovery key's."
            " If this is such a file, fetch the package again."
        ),
    ),
    "identity_not_age": (
        "This file does not contain an age identity.",
        "Give the file that `age-keygen` made; it has a line that begins with AGE-SECRET-KEY-1.",
    ),
    "package_unreadable": (
        "Reprise cannot read the package.",
        "Check the path and whether this user may read there. If both are right, fetch the package again.",
    ),
    "part_is_no_zip": (
        "A part of the package opens but is not an archive.",
        "Report the code, and keep the package: either it changed after delivery, or this is a defect.",
    ),
    "member_leaves_folder": (
        "A part of the package would write files outside the folder.",
        "Do not unpack it with other tools. Ask where it comes from: Reprise did not make it.",
    ),
    "member_named_twice": (
        "A part of the package contains the same file name twice.",
        "Do not unpack it with other tools. Ask where it comes from: Reprise did not make it.",
    ),
    "part_has_too_many_members": (
        "A part of the package contains more files than `reprise open` unpacks, so nothing was unpacked.",
        (
            "Ask who made it: no part with charts contains so many. If it is the report of a run that set more"
            " aside, open it with age and unzip."
        ),
    ),
    "part_unpacks_to_too_much": (
        "A part of the package unpacks to more bytes than it states.",
        "Do not unpack it with other tools. Ask where it comes from: Reprise did not make it.",
    ),
    "package_exists": (
        "A file or folder already exists where Reprise is to deliver the package.",
        "Look at it and move it away, then run `reprise resume RUN`. Reprise never overwrites anything.",
    ),
    "package_altered": (
        "The package at the destination differs from what this run delivered there.",
        "Find out who changed it. You can abandon the run; Reprise leaves the files at the destination as they are.",
    ),
    "package_incomplete": (
        "A part of the package is missing at the destination.",
        "Find out who removed it. You can abandon the run; Reprise leaves the files at the destination as they are.",
    ),
    "package_not_written": (
        "Reprise could not write the package.",
        "Check whether the destination's disk is full or read-only; then run `reprise resume RUN`.",
    ),
    # destinations
    "destination_unusable": (
        "Reprise cannot write to the destination folder.",
        "Make the folder, or give this user permission to write there; then run again.",
    ),
    "destination_missing": (
        "The destination folder does not exist.",
        (
            "Mount its disk or make the folder, then run `reprise resume RUN`: Reprise does not make the folder"
            " again during a run."
        ),
    ),
    "destination_no_folder": (
        "The destination has a link or a file where a folder must be.",
        "Give the folder itself. If you did, it has been replaced: find out who may write there.",
    ),
    "destination_not_private": (
        (
            "A folder that another user owns or that others may write to occupies the place of the run's own folder"
            " at the destination."
        ),
        (
            "Find out who may write there. The file system must keep owners and modes: mount a FAT or SMB disk as"
            " this user's (uid=, umask=022)."
        ),
    ),
    "sealed_part_altered": (
        "A sealed part in staging was altered.",
        "Have the disk checked; then abandon the run and migrate again.",
    ),
    "into_not_new": (
        "The path given with --into already exists and is not an empty folder.",
        "Give --into a folder that does not exist yet, or an empty one: Reprise never overwrites anything.",
    ),
    "into_unusable": (
        "Reprise cannot make the folder to import from.",
        "Give --into a path below a folder that is not a link and in which this user may write.",
    ),
    "into_being_opened": (
        "Another `reprise open` is filling this folder.",
        "Wait until it ends, or give another folder with --into.",
    ),
    "proof_not_accepted": (
        "The proof is not valid, so Reprise compared nothing with it and opened nothing.",
        "Run `reprise verify DIR --policy FILE` to see the reason.",
    ),
    "package_of_another_run": (
        "The package and the proof name different runs.",
        "Give the proof and the package of the same run: the names of both folders contain its id.",
    ),
    "package_not_as_proven": (
        "The package does not contain the parts that the proof names.",
        "Do not import it. Fetch the package again; if it still differs, ask who delivered it.",
    ),
    "destination_unreachable": (
        "The server cannot be reached, or the connection broke repeatedly.",
        (
            "Run `reprise destination check NAME`. When the server answers, run `reprise resume RUN`: parts that"
            " arrived are not sent again."
        ),
    ),
    "destination_full": (
        "The destination has no space left.",
        "Have space freed there, then run `reprise resume RUN`: parts that arrived are not sent again.",
    ),
    "destination_refuses": (
        "The server refuses the login or the operation, or redirects to another server.",
        (
            "Check user, key and rights with the server's administrator; run `reprise destination check NAME`, then"
            " `reprise resume RUN`. Reprise follows no redirect: declare a server to which it points by its own"
            " address."
        ),
    ),
    "host_key_changed": (
        "The server shows a host key that differs from the declared one.",
        (
            "Ask the server's administrator through another channel, because another machine may have taken its"
            " place. Declare the server again only when they confirm the key."
        ),
    ),
    "destination_lies": (
        "The destination returned other data than Reprise had sent.",
        "Have its disk and software checked; then run `reprise resume RUN`, or abandon the run. Nothing was delivered.",
    ),
    "destination_in_use": (
        "A run that has not ended delivers to this destination.",
        "Resume or abandon that run first; `reprise runs` shows it.",
    ),
    "destination_known": (
        "A server with this name is already declared.",
        "Choose another name, or remove the old server first with `reprise destination remove`.",
    ),
    "destination_not_registered": (
        "No server with this name is declared here.",
        "Choose one that `reprise destination list` shows, or declare one with `reprise destination add`.",
    ),
    "destination_name_malformed": (
        "This name is not allowed for a server.",
        "Use lower-case letters, digits and hyphens, as in `practice-nas`.",
    ),
    "destination_malformed": (
        "This is not a destination.",
        "Give a folder, or sftp://NAME/PATH or s3://NAME/PATH, where NAME was declared with `reprise destination add`.",
    ),
    "endpoint_malformed": (
        "This is not the address of an S3 service.",
        "Write the address as https://HOST or https://HOST:PORT.",
    ),
    "endpoint_not_https": (
        "The address of the S3 service does not use encryption.",
        "Write the address with https://.",
    ),
    "bucket_malformed": (
        "This is not the name of a bucket.",
        "Use 3 to 63 lower-case letters, digits, dots and hyphens.",
    ),
    "host_malformed": ("This is not the name of a host.", "Write HOST or HOST:PORT, and give --user."),
    "host_key_malformed": (
        "This is not a host key.",
        (
            "Give the line of the server's key as ssh-keyscan prints it, after you have compared it with the"
            " server's administrator."
        ),
    ),
    "path_malformed": (
        "This is not a path on a server.",
        "Write plain names separated by /, without `..`; begin a path in a bucket without /.",
    ),
    "identity_not_usable": (
        "Reprise cannot use the private key for the server.",
        "Give an OpenSSH private key (ed25519 or RSA) that can be opened.",
    ),
    "identity_needs_passphrase": (
        "A passphrase protects the private key for the server.",
        "Type the passphrase when asked, or set REPRISE_IDENTITY_PASSPHRASE.",
    ),
    "credentials_missing": (
        "The destination lacks a credential for its login.",
        "Give --user, --host-key and --identity for SFTP, or set REPRISE_S3_KEY_ID and REPRISE_S3_SECRET for S3.",
    ),
    "page_cannot_be_made": (
        "Reprise cannot write the seal page there.",
        "Name a file that does not exist yet, in a folder that exists.",
    ),
}
