"""Counting KMEHR exports: whole folders by arithmetic over their bytes, the rest token by token.

* `counter`: the counter
* `walk`: the walk, token by token
* `documents`: where each token begins
* `findings`: what is concluded when an element ends
* `embedded`: laboratory messages in texts and attachments
* `bytes_repair`: bytes repaired before parsing, each traced to its place
* `byte_scan`: where the units of whole folders lie
* `byte_texts`: tags with their texts taken out
* `folder_count`: whole folders without a tree
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
    "recipes",
    "walk",
]
