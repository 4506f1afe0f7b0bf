"""Acts of an operator on a home.

* `operators`: a home and its operators
* `destinations`: declared servers
* `erasure`: what is kept of a person, shown and erased
* `backup`: backup and restore
* `status`: where a home stands
"""

__all__ = ["backup", "destinations", "erasure", "operators", "status"]
