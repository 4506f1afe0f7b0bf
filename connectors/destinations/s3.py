"""A bucket over S3. S3 has no rename: parts have their final names, and the manifest's arrival publishes them.

A copy under a second name inside the bucket would not be the bytes that were read back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any, BinaryIO

from connectors.destinations.base import MANIFEST, STRANGERS, at_most
from connectors.destinations.line import Fault, Line
from schemas.digests import Digest, Hashing, stream_digest
from schemas.errors import TargetError, TargetRefusedError

PART_BYTES = 8 << 20
_MAX_PARTS = 9_999  # S3 allows 10,000


class S3Destination:
    """Objects below `PREFIX/reprise-RUN/` in a bucket; without a manifest they are not a package."""

    channel = "s3"

    def __init__(
        self, line: Line, bucket: str, prefix: str, run_id: str, part_bytes: int = PART_BYTES
    ) -> None:
        self._line, self._bucket, self._part_bytes = line, bucket, part_bytes
        self._folder = f"{prefix}/reprise-{run_id}/" if prefix else f"reprise-{run_id}/"

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._folder + name}

    def put(self, local: Path, name: str) -> None:
        """Upload what is missing; large files in parts, so that an interrupted upload can continue."""
        with open(local, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            self._line.do(lambda filesystem: self._send(filesystem, source, name, size), failed=Fault.FULL)

    def _send(self, filesystem: Any, source: BinaryIO, name: str, size: int) -> None:
        if self._size(filesystem, name) == size:
            return  # reading it back shows whether it is the same
        source.seek(0)
        if size <= self._part_bytes:
            self._line.expects(size)
            filesystem.call_s3("put_object", **self._at(name), Body=source.read())
            return
        self._send_parts(filesystem, source, name, max(self._part_bytes, -(-size // _MAX_PARTS)))

    def _send_parts(self, filesystem: Any, source: BinaryIO, name: str, part_bytes: int) -> None:
        upload = self._upload(filesystem, name)
        there = self._parts(filesystem, upload)
        parts = []
        for number, piece in enumerate(iter(lambda: source.read(part_bytes), b""), 1):
            tag = f'"{md5(piece, usedforsecurity=False).hexdigest()}"'
            if there.get(number) != tag:
                self._line.expects(len(piece))
                answer = filesystem.call_s3("upload_part", **upload, PartNumber=number, Body=piece)
                tag = answer["ETag"]
                self._line.gained(len(piece))
                self._line.progressed()
            parts.append({"PartNumber": number, "ETag": tag})
        self._line.expects(part_bytes)  # the server assembles the parts and answers when it has finished
        filesystem.call_s3("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})

    def _upload(self, filesystem: Any, name: str) -> dict[str, str]:
        """Returns the upload of this object that an interrupted attempt began, or a new one.

        An empty object of that name is written first. Some servers, such as MinIO, find uploads only by the exact name of their
        object; without the name the upload could not be found again.
        """
        for begun in self._uploads(filesystem, name):
            return begun
        self._create(filesystem, name, b"")
        made = filesystem.call_s3("create_multipart_upload", **self._at(name))
        return {**self._at(name), "UploadId": made["UploadId"]}

    def _uploads(self, filesystem: Any, name: str) -> list[dict[str, str]]:
        """The uploads begun for one object; without a name, for the whole run, as far as the server lists them."""
        key = self._folder + name
        found = filesystem.call_s3("list_multipart_uploads", Bucket=self._bucket, Prefix=key)
        begun = [upload for upload in found.get("Uploads", []) if not name or upload["Key"] == key]
        return [{"Bucket": self._bucket, "Key": u["Key"], "UploadId": u["UploadId"]} for u in begun]

    def _parts(self, filesystem: Any, upload: dict[str, str]) -> dict[int, str]:
        """Number and tag of the parts that arrived."""
        parts: dict[int, str] = {}
        marker = 0
        while True:
            found = filesystem.call_s3("list_parts", **upload, PartNumberMarker=marker)
            parts.update({part["PartNumber"]: part["ETag"] for part in found.get("Parts", [])})
            if len(parts) > 2 * _MAX_PARTS:
                raise TargetError("destination_lies")
            if not found.get("IsTruncated"):
                return parts
            marker = int(found["NextPartNumberMarker"])

    def _size(self, filesystem: Any, name: str) -> int | None:
        try:
            return int(filesystem.call_s3("head_object", **self._at(name))["ContentLength"])
        except FileNotFoundError:
            return None

    def digest(self, name: str, most: int) -> Digest | None:
        """Read a whole object back, range by range; a broken reading continues where it stopped."""
        hashing = Hashing()
        return self._line.do(lambda filesystem: self._read_on(filesystem, name, hashing, most))

    def _read_on(self, filesystem: Any, name: str, hashing: Hashing, most: int) -> Digest | None:
        size = self._size(filesystem, name)
        if size is None:
            return None
        size = min(size, most + 1)
        while hashing.size < size:
            end = min(hashing.size + self._part_bytes, size)
            self._line.expects(end - hashing.size)
            piece = filesystem.read_range(self._at(name), hashing.size, end)
            asked = end - hashing.size
            hashing.feed(piece)
            if not piece or len(piece) > asked:
                break  # it returns fewer bytes than it states, or more, perhaps without end: the digest shows it
            self._line.gained(len(piece))
            self._line.progressed()
        return hashing.close()

    def remove(self, name: str) -> None:
        """Delete one object and the uploads begun for it."""
        self._line.do(lambda filesystem: self._remove(filesystem, name))

    def _remove(self, filesystem: Any, name: str) -> None:
        self._abort(filesystem, name)
        filesystem.call_s3("delete_object", **self._at(name))

    def _abort(self, filesystem: Any, name: str) -> None:
        for begun in self._uploads(filesystem, name):
            try:
                filesystem.call_s3("abort_multipart_upload", **begun)
            except FileNotFoundError:
                continue

    def published(self) -> bool:
        """Whether the manifest is there."""
        return self._line.do(lambda filesystem: self._size(filesystem, MANIFEST)) is not None

    def publish(self, manifest: Path, names: frozenset[str]) -> None:
        """Put the manifest, on condition that none exists. Raises TargetRefusedError: package_exists."""
        with open(manifest, "rb") as stream:
            sealed = stream_digest(stream)
        self._keep_only(names)
        data = manifest.read_bytes()
        created = self._line.do(lambda filesystem: self._create(filesystem, MANIFEST, data))
        if self.digest(MANIFEST, sealed.size) != sealed:
            if created:
                raise TargetError("destination_lies")
            raise TargetRefusedError("package_exists")

    def _create(self, filesystem: Any, name: str, data: bytes) -> bool:
        try:
            filesystem.call_s3("put_object", **self._at(name), Body=data, IfNoneMatch="*")
        except FileExistsError:
            return False  # another run's, or ours if the answer was lost: reading it back shows which
        return True

    def _keep_only(self, names: frozenset[str]) -> None:
        """Remove foreign objects and unfinished uploads; check that everything read back before is still there.

        Raises TargetError `destination_lies`.
        """
        found = self._line.do(lambda filesystem: at_most(len(names) + STRANGERS, self._names(filesystem)))
        for name in sorted(found - names - {MANIFEST}):
            self.remove(name)
        for name in sorted(found & names | {""}):
            self._line.do(partial(self._abort, name=name))
        if not names <= found:
            raise TargetError("destination_lies")

    def _names(self, filesystem: Any) -> Iterator[str]:
        more: dict[str, str] = {}
        while True:
            found = filesystem.call_s3("list_objects_v2", Bucket=self._bucket, Prefix=self._folder, **more)
            yield from (str(item["Key"]).removeprefix(self._folder) for item in found.get("Contents", []))
            if not found.get("IsTruncated"):
                return
            more = {"ContinuationToken": found["NextContinuationToken"]}

    def tidy(self) -> None:
        """Does nothing: publication leaves nothing beside the package."""

    def discard(self) -> None:
        """Delete the manifest first, so that half a package is never published; then the run's objects and unfinished uploads."""
        self.remove(MANIFEST)
        self._keep_only(frozenset())
