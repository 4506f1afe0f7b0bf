"""The table `schemas/codes/kmehr_types.json`, made from the official schema files.

`python tests/unit/connectors/targets/official_types.py FOLDER` writes it; FOLDER holds kmehr-1_7 and kmehr-1_43.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA = "http://www.w3.org/2001/XMLSchema"
PREFIXES = {"schema/v1": "", "dt/v1": "DT:", "cd/v1": "CD:", "id/v1": "ID:"}
ENCRYPTED_OR_SIGNED = frozenset({"Signature", "EncryptedData", "Base64EncryptedData"})
FACETS = (
    "pattern", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive", "length", "minLength", "maxLength",
    "totalDigits", "fractionDigits", "whiteSpace",
)  # fmt: skip
ROOT = "kmehrmessageType"


def release_types(folder: Path, release: str) -> dict[str, Any]:
    """Every type that a kmehrmessage reaches, but what is signed or encrypted."""
    return _Release(folder, release.replace(".", "_")).table()


def official_table(xsd: Path) -> dict[str, Any]:
    return {release: release_types(xsd, release) for release in ("1.43", "1.7")}


def as_text(table: dict[str, Any]) -> str:
    """The table as it lies in the project: a line a type."""
    releases = []
    for release, types in sorted(table.items()):
        lines = [f"  {json.dumps(name)}: {json.dumps(types[name], sort_keys=True)}" for name in sorted(types)]
        releases.append(f' "{release}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(releases) + "\n}\n"


class _Release:
    def __init__(self, folder: Path, version: str) -> None:
        home = folder / f"kmehr-{version}" / "ehealth-kmehr" / "XSD"
        self._known: dict[str, etree._Element] = {}
        for name in ("kmehr", "cd", "id", "dt"):
            root = etree.parse(str(home / f"{name}-{version}.xsd")).getroot()
            prefix = self._prefix(root.get("targetNamespace"))
            for each in root:
                if each.tag in (f"{XSD}complexType", f"{XSD}simpleType"):
                    self._known[prefix + each.get("name")] = each
        self._types: dict[str, Any] = {}

    @staticmethod
    def _prefix(namespace: str) -> str:
        return "xsd:" if namespace == SCHEMA else PREFIXES[namespace.split("/kmehr/")[1]]

    def table(self) -> dict[str, Any]:
        self._reach(ROOT)
        return self._types

    def _resolve(self, node: etree._Element, label: str) -> str:
        prefix, _, name = label.rpartition(":")
        return self._prefix(node.nsmap[prefix or None]) + name

    def _reach(self, name: str) -> str:
        if not name.startswith("xsd:") and name not in self._types:
            self._types[name] = {}
            self._describe(name, self._known[name])
        return name

    def _describe(self, name: str, node: etree._Element) -> None:
        if node.tag == f"{XSD}simpleType":
            self._types[name] = self._simple(node.find(f"{XSD}restriction"))
            return
        content = node.find(f"{XSD}simpleContent")
        if content is not None:
            (extension,) = content.findall(f"{XSD}extension")
            base = self._reach(self._resolve(extension, extension.get("base")))
            self._types[name] = {"attributes": self._attributes(extension), "base": base}
            return
        self._types[name] = self._complex(name, node)

    def _simple(self, restriction: etree._Element) -> dict[str, Any]:
        found: dict[str, Any] = {"base": self._reach(self._resolve(restriction, restriction.get("base")))}
        for facet in restriction.iterchildren(tag=etree.Element):
            label = etree.QName(facet).localname
            if label == "enumeration":
                found.setdefault("enum", []).append(facet.get("value"))
            elif label in FACETS:
                assert label not in found, "one facet a kind"
                found[label] = facet.get("value")
            else:
                assert label == "annotation", label
        return found

    def _attributes(self, node: etree._Element) -> dict[str, list[Any]]:
        return {
            each.get("name"): [
                self._reach(self._resolve(each, each.get("type"))), each.get("use") == "required", each.get("fixed")
            ]
            for each in node.findall(f"{XSD}attribute")
        }  # fmt: skip

    def _complex(self, name: str, node: etree._Element) -> dict[str, Any]:
        made: dict[str, Any] = {"attributes": {}, "children": {}, "model": []}
        if node.get("mixed") == "true":
            made["mixed"] = True
        nillable: set[str] = set()
        models = []
        for body in self._bodies(name, node):
            made["attributes"] |= self._attributes(body)
            groups = body.iterchildren(f"{XSD}sequence", f"{XSD}choice")
            models += [self._group(name, each, made["children"], nillable) for each in groups]
        made["model"] = models[0] if len(models) == 1 else ["sequence", *models]
        if nillable:
            made["nillable"] = sorted(nillable)
        return made

    def _bodies(self, name: str, node: etree._Element) -> list[etree._Element]:
        """What the type consists of: itself, a restriction alone, or a base and its extension."""
        content = node.find(f"{XSD}complexContent")
        if content is None:
            return [node]
        (derived,) = content.iterchildren(tag=etree.Element)
        base = self._known[self._resolve(derived, derived.get("base"))]
        inherited = self._bodies(name, base) if derived.tag == f"{XSD}extension" else []
        assert inherited or not self._attributes(base)
        return [*inherited, derived]

    def _group(
        self, name: str, group: etree._Element, children: dict[str, str], nillable: set[str]
    ) -> list[Any]:
        particles: list[Any] = []
        for each in group.iterchildren(tag=etree.Element):
            label = etree.QName(each).localname
            if label == "element" and each.get("name") not in ENCRYPTED_OR_SIGNED:
                particles.append(each.get("name") + _occurs(each))
                found = self._element(name, each)
                assert children.setdefault(each.get("name"), found) == found
                if each.get("nillable") == "true":
                    nillable.add(each.get("name"))
            elif label == "any":
                assert each.get("processContents") == "lax"
                particles.append("any" + _occurs(each))
            elif label in ("sequence", "choice"):
                inner = self._group(name, each, children, nillable)
                particles += [inner] if len(inner) > 1 else []
            else:
                assert label in ("annotation", "element"), label
        return [etree.QName(group).localname + _occurs(group), *particles]

    def _element(self, owner: str, node: etree._Element) -> str:
        if node.get("type") is not None:
            return self._reach(self._resolve(node, node.get("type")))
        name = f"{owner}/{node.get('name')}"
        inline = [c for c in node.iterchildren(tag=etree.Element) if c.tag != f"{XSD}annotation"]
        if not inline:
            self._types[name] = {"base": "xsd:anyType"}
        else:
            self._types[name] = {}
            self._describe(name, inline[0])
        return name


def _occurs(node: etree._Element) -> str:
    bounds = (node.get("minOccurs", "1"), node.get("maxOccurs", "1"))
    signs = {("1", "1"): "", ("0", "1"): "?", ("0", "unbounded"): "*", ("1", "unbounded"): "+"}
    return signs.get(bounds) if bounds in signs else f"{{{','.join(bounds)}}}"


if __name__ == "__main__":
    target = Path(__file__).resolve().parents[4] / "schemas" / "codes" / "kmehr_types.json"
    target.write_text(as_text(official_table(Path(sys.argv[1]))), encoding="utf-8")
