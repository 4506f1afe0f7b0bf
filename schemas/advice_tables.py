"""Words of the codes about tables and their mapping files."""

from __future__ import annotations

TABLES: dict[str, tuple[str, str]] = {
    "draft_folder_used": (
        "The folder for drafts of mappings is not empty, or cannot be made.",
        "Name a new or empty folder after --draft-mapping: nothing is overwritten.",
    ),
    "draft_name_unsafe": (
        "A profile of a table holds the name of a column that may not be said.",
        "No draft was written. Report the code; it is a defect of Reprise.",
    ),
    "mapping_malformed": (
        "A mapping file is not in its format.",
        "Correct the named field of that file (counted by path in its folder); docs/formats/delimited.md has the format.",
    ),
    "mapping_contradictory": (
        "A mapping file contradicts itself.",
        (
            "Correct the named field, for the column with this ordinal (0: the file as a whole); docs/formats/delimited.md says"
            " what fits each target."
        ),
    ),
    "mapping_too_large": (
        "A mapping file is larger than a mapping file can be.",
        "Check that only mapping files lie in the folder of the site's mappings.",
    ),
    "mapping_folder_missing": (
        "The folder of the site's mapping files does not exist.",
        "Make the folder that `mappings` in site.toml names, or take the setting out.",
    ),
    "mapping_header_twice": (
        "Two reviewed mapping files name the same header.",
        "Keep one of them: a table is told by its header. One that comes with Reprise cannot be replaced.",
    ),
    "mapping_draft": (
        "The export holds a table whose mapping nobody has reviewed.",
        (
            "Have the draft reviewed, then set its status, and that of each column, to `reviewed`, with the day; or take it"
            " out, and the table is handed over sealed."
        ),
    ),
}
