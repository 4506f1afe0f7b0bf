"""The documents that a doctor signs, the instruction and the acceptance: fields, text, page, signatures.

* `acceptance`: the document that accepts a delivery, and its page
* `document`: the instruction, drafted and parsed
* `fields`: the values that each field may have
* `printable`: the characters that a field may have
* `page`: the PDF page
* `signed_page`: a page with its signatures, checked
* `signing`: signs a page or a document
* `patient_list`: the sealed list of patients
"""

__all__ = ["acceptance", "document", "fields", "page", "patient_list", "printable", "signed_page", "signing"]
