"""The dashboard: a web application over ledger, runs and acts. It contains no patient data and reaches no run key.

* `serve`: starts it
* `application`: makes it from a home
* `routes`: every page and act, with who may use it
* `visit`: one request: who asks, in which language, and what they may see
* `sessions`, `attempts`, `provider`: signing in
* `rendering`: templates, dates and numbers
* `charts`: the geometry of the charts
* `pages/`: what stands in the table of routes
* `machine/`: what programs get: `/api/v1`, `/metrics`, `/health`
* `watch`: tells that the sweep is late
* `export`: static pages over the ledger
"""
