"""The official schemas."""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.fixture(scope="module")
def schemas(shared):
    paths = [
        shared / "xsd" / f"kmehr-{v}" / "ehealth-kmehr" / "XSD" / f"kmehr_elements-{v}.xsd"
        for v in ("1_7", "1_43")
    ]
    return [etree.XMLSchema(etree.parse(str(path))) for path in paths]
