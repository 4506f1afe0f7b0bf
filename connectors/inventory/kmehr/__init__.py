"""Counting KMEHR exports: whole folders by arithmetic over their bytes, everything else token by token.

* `counter`: the counter
* `walk`: the walk, token by token
* `documents`: where each token begins
* `findings`: conclusions when an element ends
* `embedded`: laboratory messages in texts and attachments
* `bytes_repair`: repairs bytes before parsing and maps them to their places in the file
* `byte_scan`: where the units of whole folders are
* `byte_texts`: tags with their texts removed
* `folder_count`: counts whole folders without a tree
* `names`: the names that an export uses, without any value
* `recipes`: normal forms of all units with the same tags
"""

__all__ = [
    "byte_scan",
    "byte_texts",
    "bytes_repair",
    "counter",
    "documents",
    "embedded",
    "findings",
    "folder_count",
    "names",
    "recipes",
    "walk",
]
