"""Reading FHIR R4 (be-lab and be-core bundles, NDJSON) into rows.

* `messages`: each bundle, or each patient of an NDJSON file, as a message
"""

__all__ = ["messages"]
