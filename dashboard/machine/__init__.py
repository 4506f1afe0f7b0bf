"""What the dashboard answers to other programs: the same facts as the pages, without names.

* `endpoint`: who asks, what they may read, and how a refusal is said
* `facts`: the answers as records
* `api`: `/api/v1`
* `openapi`: its description, made of the records
* `metrics`: numbers for Prometheus
* `health`: whether everything is in order
"""
