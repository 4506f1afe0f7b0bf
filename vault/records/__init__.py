"""Sealed records of people, keys and destinations: doctors, operators, attestations, mandates, recipients, erasures.

* `subjects`: a record sealed under its person's own key
* `shared_records`: records that concern several persons
* `operators`: who may act on a home
* `operator_keys`: keys by which operators prove who they are
* `known_numbers`: INAMI numbers by person
* `enrolment`: doctors enrolled by two operators
* `attestation`: what two operators attest
* `mandates`: who may act for a doctor
* `recipients`: keys whose possession was proven
* `destinations`: servers a package may go to
* `sealed_records`: records sealed with the site key, for several registers
* `tombstones`: what was erased
"""

__all__ = [
    "attestation",
    "destinations",
    "enrolment",
    "known_numbers",
    "mandates",
    "operator_keys",
    "operators",
    "recipients",
    "sealed_records",
    "shared_records",
    "subjects",
    "tombstones",
]
