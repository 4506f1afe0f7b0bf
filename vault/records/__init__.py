"""Sealed records of people, keys and destinations: doctors, operators, attestations, mandates, recipients, erasures.

* `subjects`: records about one person, sealed under that person's key
* `shared_records`: records that concern several persons
* `operators`: the persons who may act on a home
* `operator_keys`: keys by which operators prove who they are
* `known_numbers`: INAMI numbers by person
* `enrolment`: doctors enrolled by two operators
* `attestation`: attestations of a fact by two operators
* `mandates`: rights to sign for a doctor
* `recipients`: keys whose possession was proven
* `destinations`: servers to which a package may be sent
* `sealed_records`: records sealed with the site key, for several registers
* `tombstones`: marks of erased records
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
