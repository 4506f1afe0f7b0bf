"""The documents that a doctor signs, the instruction and the acceptance: fields, text, page, signatures.

* `acceptance`: what a controller signs to accept a delivery, and its page
* `document`: the instruction, drafted and parsed
* `fields`: what each field may hold
* `printable`: which characters a field may hold
* `page`: the PDF page
* `signed_page`: a page with its signatures, checked
* `signing`: signing a page or a document
* `patient_list`: the sealed list of patients
"""

__all__ = ["acceptance", "document", "fields", "page", "patient_list", "printable", "signed_page", "signing"]
