"""Sealed staging: Arrow batches to encrypted Parquet segments and back. Plain bytes never reach a disk.

A stage is a folder of segments, `<stage>/<table>/<part>.parquet`, and a manifest written last: a stage without a manifest does
not exist. Each segment is Parquet Modular Encryption, AES_GCM_V1, 256 bits, encrypted footer, under its own key (HKDF over the
segment's name), with the name as an AAD prefix that is not stored: a segment swapped between runs, tables or parts does not open.
(`AES_GCM_CTR_V1` would miss a flipped byte.) The manifest holds counts and ordinals, and an HMAC under a sub-key of the run key.

Several processes may write one stage at the same time, each a range of it; `write_manifest` puts the ranges together.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from schemas.errors import IntegrityError, StorageFullError
from vault.keys.provider import derive
from vault.system.files import FULL, sync_folder, write_durably

FLUSH_ROWS = 5_000
FLUSH_BYTES = 2 << 20
SEGMENT_BYTES = 4 << 20  # in memory; a reader keeps one segment per table
CHUNK_SEGMENT_BYTES = 32 << 20  # a reader keeps one row group of these
SINK_BYTES = 64 << 10
MANIFEST = "manifest.json"
CHUNKS = "document_chunk"  # the only table with large rows
CHUNKS_APART = "document_chunk_apart"  # chunks without a patient: among the others, each segment would begin with patient 0
LARGE = (CHUNKS, CHUNKS_APART)
RANGE_PARTS = 1_000_000
"""The parts of a range are numbered from a multiple of this, so that ranges written at the same time do not meet."""


@dataclass(frozen=True)
class Segment:
    """One sealed file, described in counts and ordinals."""

    table: str
    part: int
    rows: int
    first_patient: int | None
    last_patient: int | None
    frame: str  # digest of what Parquet's encryption does not authenticate: magic, crypto metadata, lengths

    @property
    def name(self) -> str:
        """The path relative to the stage."""
        return f"{self.table}/{self.part:06d}.parquet"


def _aad(run_id: str, stage: str, table: str, part: int) -> str:
    return f"{run_id}/{stage}/{table}/{part:06d}"


def _sealing(run_key: bytes, aad: str) -> Any:
    return pe.create_encryption_properties(
        footer_key=derive(run_key, f"segment/{aad}"),
        aad_prefix=aad.encode(),
        store_aad_prefix=False,
        encryption_algorithm="AES_GCM_V1",
        plaintext_footer=False,
    )


def _opening(run_key: bytes, aad: str) -> Any:
    return pe.create_decryption_properties(
        footer_key=derive(run_key, f"segment/{aad}"), aad_prefix=aad.encode()
    )


def _storage_error(error: BaseException) -> StorageFullError | IntegrityError:
    text = str(error)  # only compared, never shown
    full = (isinstance(error, OSError) and error.errno in FULL) or "No space" in text or "too large" in text
    return StorageFullError("disk_full") if full else IntegrityError("segment_unwritable")


class _TableWriter:
    """Buffers the batches of one table and seals them, segment by segment."""

    def __init__(
        self, folder: Path, run_id: str, stage: str, table: str, run_key: bytes, first_part: int
    ) -> None:
        self._folder, self._run, self._stage, self._table = folder, run_id, stage, table
        self._key, self._first_part = run_key, first_part
        self._buffer: list[pa.RecordBatch] = []
        self._buffered_rows = self._buffered_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._file: pa.NativeFile | None = None
        self._rows = self._bytes = 0
        self._patients: list[int] = []
        self.segments: list[Segment] = []

    def write(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows == 0:
            return
        self._buffer.append(batch)
        self._buffered_rows += batch.num_rows
        self._buffered_bytes += batch.nbytes
        if self._buffered_rows >= FLUSH_ROWS or self._buffered_bytes >= FLUSH_BYTES:
            self._flush()
            if self._bytes >= (CHUNK_SEGMENT_BYTES if self._table in LARGE else SEGMENT_BYTES):
                self._close_segment()

    def _flush(self) -> None:
        if not self._buffer:
            return
        table = pa.Table.from_batches(self._buffer).combine_chunks()
        writer = self._writer or self._open(table.schema)
        writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._rows += table.num_rows
        self._bytes += self._buffered_bytes
        if "patient" in table.schema.names:
            bounds = pc.min_max(table["patient"]).as_py()
            self._patients += [bounds["min"], bounds["max"]]
        self._buffer, self._buffered_rows, self._buffered_bytes = [], 0, 0

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        part = self._first_part + len(self.segments)
        (self._folder / self._table).mkdir(mode=0o700, exist_ok=True)
        path = self._folder / self._table / f"{part:06d}.parquet"
        # Parquet writes each sealed module separately; buffering makes a tenth of the calls (it is ciphertext by then).
        self._file = pa.BufferedOutputStream(pa.OSFile(str(path), "wb"), SINK_BYTES)
        self._writer = pq.ParquetWriter(
            self._file,
            schema,
            compression="none" if self._table in LARGE else "zstd",
            use_dictionary=self._table not in LARGE,
            write_statistics=False,
            encryption_properties=_sealing(self._key, _aad(self._run, self._stage, self._table, part)),
        )
        return self._writer

    def _close_segment(self) -> None:
        if self._writer is None or self._file is None:
            return
        self._writer.close()
        self._file.close()
        self._writer = self._file = None
        part = self._first_part + len(self.segments)
        first, last = min(self._patients, default=None), max(self._patients, default=None)
        path = self._folder / self._table / f"{part:06d}.parquet"
        segment = Segment(self._table, part, self._rows, first, last, _frame_digest(path))
        _sync_file(path)
        self.segments.append(segment)
        self._rows = self._bytes = 0
        self._patients = []

    def close(self) -> None:
        self._flush()
        self._close_segment()
        if self.segments:
            sync_folder(self._folder / self._table)


def _frame_digest(path: Path) -> str:
    """Returns SHA-256 of the magic at the head, and of footer, footer length and magic at the tail."""
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 8))
        length = int.from_bytes(stream.read(4), "little")
        stream.seek(max(0, size - 8 - length))
        tail = stream.read()
        stream.seek(0)
        return sha256(stream.read(4) + tail).hexdigest()


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class StagingWriter:
    """Writes one stage of a run, or one range of it. Raises StorageFullError when the disk or a quota is full."""

    def __init__(self, staging: Path, run_id: str, stage: str, run_key: bytes, number: int = 0) -> None:
        """`number`: of the range, from 0; ranges of one stage may be written at the same time."""
        self._folder = staging / stage
        self._run, self._stage, self._key = run_id, stage, run_key
        self._first_part = number * RANGE_PARTS
        self._tables: dict[str, _TableWriter] = {}
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Accept a batch; all batches are sealed when `close` returns."""
        if table not in self._tables:
            self._tables[table] = _TableWriter(
                self._folder, self._run, self._stage, table, self._key, self._first_part
            )
        _guarded(lambda: self._tables[table].write(batch))

    def seal(self) -> tuple[Segment, ...]:
        """Seal the buffered rows of this range; `write_manifest` takes the segments of all ranges."""
        _guarded(self._finish)
        return tuple(segment for table in self._tables.values() for segment in table.segments)

    def close(self) -> None:
        """Seal the buffered rows and write the manifest: from then on the stage exists."""
        write_manifest(self._folder.parent, self._run, self._stage, self._key, self.seal())

    def _finish(self) -> None:
        for table in self._tables.values():
            table.close()


def write_manifest(
    staging: Path, run_id: str, stage: str, run_key: bytes, segments: Iterable[Segment]
) -> None:
    """Write the manifest of a stage: from then on it exists. The segments of a table are read in this order."""

    def write() -> None:
        rows = [asdict(segment) for segment in segments]
        body = json.dumps({"run": run_id, "stage": stage, "segments": rows}, sort_keys=True)
        mac = hmac.new(derive(run_key, "manifest"), body.encode(), sha256).hexdigest()
        write_durably(staging / stage / MANIFEST, json.dumps({"body": body, "mac": mac}).encode())
        sync_folder(staging)

    _guarded(write)


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
        return
    except (OSError, pa.ArrowException) as error:
        storage_error = _storage_error(error)
    raise storage_error


class StagingReader:
    """Reads one finished stage. Raises IntegrityError for anything altered, swapped, truncated or missing."""

    def __init__(self, staging: Path, run_id: str, stage: str, run_key: bytes) -> None:
        self._folder = staging / stage
        self._run, self._stage, self._key = run_id, stage, run_key
        self._segments = self._load()
        self._index: tuple[Segment, dict[str, list[_Run]]] | None = None
        self._apart: dict[str, list[tuple[Segment, _Run]]] | None = None
        self._group: tuple[Segment, int, pa.RecordBatch] | None = None
        self._recent: dict[str, tuple[int, list[_ByPatient]]] = {}

    def _load(self) -> list[Segment]:
        try:
            raw = json.loads((self._folder / MANIFEST).read_bytes())
            body, mac = str(raw["body"]), str(raw["mac"])
        except (OSError, ValueError, KeyError):
            body = mac = ""
        expected = hmac.new(derive(self._key, "manifest"), body.encode(), sha256).hexdigest()
        if not body or not hmac.compare_digest(mac, expected):
            raise IntegrityError("manifest_altered", step=self._stage)
        found = json.loads(body)
        if (found["run"], found["stage"]) != (self._run, self._stage):
            raise IntegrityError("manifest_of_another_run", step=self._stage)
        return [Segment(**segment) for segment in found["segments"]]

    def segments(self, table: str) -> list[Segment]:
        """Returns the segments of a table, in order."""
        return [s for s in self._segments if s.table == table]

    def segments_all(self) -> list[Segment]:
        """Returns the segments of all tables."""
        return list(self._segments)

    def open_first_page(self, segment: Segment) -> None:
        """Decrypt one page of a segment. Raises IntegrityError when that fails."""
        next(iter(self._read(segment)), None)

    def batches(
        self,
        table: str,
        first: int | None = None,
        last: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield all batches of a table in order, or these columns; with bounds, at least those of the patients within them."""
        for segment in self.segments(table):
            if first is None or last is None or _overlaps(segment, first, last):
                yield from self._read(segment, columns)

    def rows_of(self, table: str, patient: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one patient. Cheap when patients are requested in ascending order."""
        for segment in self.segments(table):
            if not _overlaps(segment, patient, patient):
                continue
            for batch in self._recent_batches(segment):
                yield from batch.rows_of(patient)

    def content_of(self, unit: str, patient: int) -> Iterator[pa.RecordBatch]:
        """Yield the document chunks of one unit; patient 0: of no patient. Reads only the row groups that hold it."""
        for segment, run in self._places_apart(unit) if patient == 0 else self._places(unit, patient):
            yield self._chunk_group(segment, run.group).slice(run.begin, run.rows)

    def _places(self, unit: str, patient: int) -> Iterator[tuple[Segment, _Run]]:
        """Yield where a patient's unit is; keeps the index of one segment at a time."""
        for segment in self.segments(CHUNKS):
            if _overlaps(segment, patient, patient):
                if self._index is None or self._index[0] != segment:
                    self._index = (segment, self._held_by(segment))
                yield from ((segment, run) for run in self._index[1].get(unit, []))

    def _places_apart(self, unit: str) -> list[tuple[Segment, _Run]]:
        """Returns where a unit without a patient is; keeps one index of all of them."""
        if self._apart is None:
            self._apart = {}
            for segment in self.segments(CHUNKS_APART):
                for name, runs in self._held_by(segment).items():
                    self._apart.setdefault(name, []).extend((segment, run) for run in runs)
        return self._apart.get(unit, [])

    def _held_by(self, segment: Segment) -> dict[str, list[_Run]]:
        held: dict[str, list[_Run]] = {}
        with self._opened(segment) as file:
            for group in range(file.num_row_groups):
                units = file.read_row_group(group, columns=["unit"], use_threads=False)["unit"].to_pylist()
                begin = 0
                for name, run in groupby(units):
                    rows = len(list(run))
                    held.setdefault(name, []).append(_Run(group, begin, rows))
                    begin += rows
        return held

    def _chunk_group(self, segment: Segment, group: int) -> pa.RecordBatch:
        """Returns one row group of chunks (some megabytes); keeps the last one read."""
        if self._group is None or self._group[:2] != (segment, group):
            with self._opened(segment) as file:
                table = file.read_row_group(group, use_threads=False).combine_chunks()
            self._group = (segment, group, table.to_batches()[0])
        return self._group[2]

    @contextmanager
    def _opened(self, segment: Segment) -> Iterator[pq.ParquetFile]:
        """Yield the segment's file; any failure to open or read it becomes IntegrityError."""
        try:
            with self._file(segment) as file:
                yield file
            return
        except (OSError, pa.ArrowException):
            pass
        raise IntegrityError("segment_altered", table=segment.table, count=segment.part)

    def _recent_batches(self, segment: Segment) -> list[_ByPatient]:
        """Returns the batches of a segment, kept until another segment of its table is requested (never of documents)."""
        recent = self._recent.get(segment.table)
        if recent is None or recent[0] != segment.part:
            recent = (segment.part, list(map(_ByPatient, self._read(segment))))
            self._recent[segment.table] = recent
        return recent[1]

    def _read(self, segment: Segment, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            with self._file(segment) as file:
                for group in range(file.num_row_groups):
                    for batch in file.iter_batches(
                        row_groups=[group], batch_size=FLUSH_ROWS, use_threads=False, columns=columns
                    ):
                        rows += batch.num_rows
                        yield batch
            broken = rows != segment.rows
        except (OSError, pa.ArrowException):
            broken = True
        if broken:
            raise IntegrityError("segment_altered", table=segment.table, count=segment.part)

    def _file(self, segment: Segment) -> pq.ParquetFile:
        aad = _aad(self._run, self._stage, segment.table, segment.part)
        path = self._folder / segment.name
        if _frame_digest(path) != segment.frame:
            raise OSError
        return pq.ParquetFile(
            path,
            decryption_properties=_opening(self._key, aad),
            pre_buffer=False,
            memory_map=False,
        )


def _overlaps(segment: Segment, first: int, last: int) -> bool:
    if segment.first_patient is None or segment.last_patient is None:
        return True
    return segment.first_patient <= last and first <= segment.last_patient


class _Run(NamedTuple):
    """Successive rows of one unit in a row group."""

    group: int
    begin: int
    rows: int


class _ByPatient:
    """A batch, and where each patient's rows are in it: rows of one patient follow each other, but may do so more than once."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self._runs: dict[int, list[tuple[int, int]]] = {}
        begin = 0
        for patient, run in groupby(batch["patient"].to_pylist()):
            rows = len(list(run))
            self._runs.setdefault(patient, []).append((begin, rows))
            begin += rows

    def rows_of(self, patient: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one patient, in order."""
        return (self._batch.slice(*run) for run in self._runs.get(patient, ()))


def discard_stage(staging: Path, stage: str) -> None:
    """Discard an interrupted or finished attempt at a stage."""
    shutil.rmtree(staging / stage, ignore_errors=True)


def verify_opens(staging: Path, run_id: str, run_key: bytes, segments: int) -> int:
    """Positive control: open the first page of up to `segments` sealed files with the key. Returns how many opened.

    The sample always includes the first and the last. Raises IntegrityError when one does not open.
    """
    stages = sorted(p.name for p in staging.iterdir() if (p / MANIFEST).is_file()) if staging.is_dir() else []
    found = [
        (stage, s) for stage in stages for s in StagingReader(staging, run_id, stage, run_key).segments_all()
    ]
    step = max(1, len(found) // max(1, segments))
    picked = {id(pair): pair for pair in [*found[::step][: segments - 1], *found[-1:]]}
    for stage, segment in picked.values():
        StagingReader(staging, run_id, stage, run_key).open_first_page(segment)
    return len(picked)
