"""A trial: a made-up practice, a test authority and a home that issues nothing real. `vault` never imports it.

* `home`: `reprise trial`
* `doctors`: enrol doctors in one call
* `authority`: the test authority
* `practice`: a made-up practice's export
"""

__all__ = ["authority", "doctors", "home", "practice"]
