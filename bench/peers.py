"""What people would use instead: `python bench/peers.py WAY FOLDER OUT`, in an environment of requirements-bench.lock.

script: what everybody writes: ElementTree, a data frame a table into Parquet, one XML file a patient into a zip. It checks
nothing, seals nothing. dlt, dlt-arrow: the tables alone into Parquet by dlt, with its defaults, or given Arrow tables.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

KMEHR = "{http://www.ehealth.fgov.be/standards/kmehr/schema/v1}"
Rows = dict[str, list[dict[str, object]]]


def text(element: ET.Element, path: str) -> str | None:
    return element.findtext("/".join(KMEHR + part for part in path.split("/")))


def rows_of(folder: ET.Element) -> Rows:
    """The rows of a patient: who, contacts, items, documents."""
    patient = folder.find(KMEHR + "patient")
    who = text(patient, "id")
    rows: Rows = {"patient": [], "contact": [], "item": [], "document": []}
    names = {name: text(patient, name) for name in ("firstname", "familyname", "birthdate/date", "sex/cd")}
    rows["patient"].append({"id": who, **names})
    for number, transaction in enumerate(folder.findall(KMEHR + "transaction")):
        kind, date = text(transaction, "cd"), text(transaction, "date")
        rows["contact"].append({"patient": who, "number": number, "kind": kind, "date": date})
        for item in transaction.iter(KMEHR + "item"):
            codes = [f"{cd.get('S')}:{cd.text}" for cd in item.iter(KMEHR + "cd")]
            words = " ".join(t.text or "" for t in item.iter(KMEHR + "text"))
            value, unit = text(item, "content/decimal"), text(item, "content/unit/cd")
            date = text(item, "beginmoment/date")
            row = {"patient": who, "number": number, "codes": ";".join(codes), "text": words, "date": date}
            rows["item"].append({**row, "value": value, "unit": unit})
        for link in transaction.iter(KMEHR + "lnk"):
            if link.text:
                row = {"patient": who, "number": number, "type": link.get("MEDIATYPE"), "content": link.text}
                rows["document"].append(row)
    return rows


def folders(export: Path) -> Iterator[ET.Element]:
    for path in sorted(export.iterdir()):
        for _, element in ET.iterparse(path):
            if element.tag == KMEHR + "folder":
                yield element
                element.clear()


def script(export: Path, out: Path) -> None:
    import pandas as pd

    tables: Rows = {}
    ET.register_namespace("", KMEHR[1:-1])
    with zipfile.ZipFile(out / "charts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, folder in enumerate(folders(export)):
            for table, rows in rows_of(folder).items():
                tables.setdefault(table, []).extend(rows)
            message = ET.Element(KMEHR + "kmehrmessage")
            message.append(folder)
            archive.writestr(f"{number}.xml", ET.tostring(message, encoding="utf-8", xml_declaration=True))
    for table, rows in tables.items():
        pd.DataFrame(rows).to_parquet(out / f"{table}.parquet")


def by_dlt(export: Path, out: Path, *, arrow: bool) -> None:
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "DLT_DATA_DIR": str(out),
    }
    import dlt
    import pyarrow as pa

    def source() -> Iterator[object]:
        for folder in folders(export):
            for table, rows in rows_of(folder).items():
                if rows:
                    yield dlt.mark.with_table_name(pa.Table.from_pylist(rows) if arrow else rows, table)

    place = dlt.destinations.filesystem(bucket_url=(out / "lake").as_uri())
    pipeline = dlt.pipeline(
        "bench", destination=place, dataset_name="x", pipelines_dir=str(out / "pipelines")
    )
    pipeline.run(dlt.resource(source, name="row"), loader_file_format="parquet")


if __name__ == "__main__":
    way, export, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if way == "script":
        script(export, out)
    else:
        by_dlt(export, out, arrow=way == "dlt-arrow")
