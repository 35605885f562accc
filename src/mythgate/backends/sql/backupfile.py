"""The file of a backup: a zip archive that any program can open, of which no byte can change unnoticed.

    tables/<name>.jsonl   the rows of a table, each a JSON array in the order of the manifest's columns
    films/<name>          a recording of a game, as it is
    manifest.json         what is in it: of each part its size and SHA-256, of each table its columns and rows
    manifest.sha256       the SHA-256 of manifest.json
    (comment)             the SHA-256 of all bytes of the file before the comment, as 64 hexadecimal digits

A file is written beside its place and gets its name when it is whole and on the disk. Kinds of columns: `text`,
`integer`, `boolean`, `real` (a number, or text such as `nan`), `time` (microseconds since 1970, UTC), `bytes`
(base64) and `json` (a text that is JSON).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Self

import orjson

from mythgate.domain.backups import Backup, Progress, Reason
from mythgate.domain.errors import MythError

FORMAT: Final = "mythgate-backup"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MANIFEST_SUM: Final = "manifest.sha256"
UNFINISHED: Final = ".unfinished"
FRAME: Final = "the frame around the parts"
_COMMENT_BYTES: Final = 64
_BLOCK: Final = 1 << 20
_LEVEL: Final = 2  # of compression: what is slower hardly makes smaller files of rows

# What reading a damaged zip archive can end in.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,  # and NotImplementedError, for what the library does not know
    OSError,
    OverflowError,
    MemoryError,
)


class BackupUnusable(MythError):
    """This is no backup, or none that this version can use. `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


class BackupDamaged(BackupUnusable):
    """Bytes of a backup are not as they were written; `parts` are those that have changed."""

    def __init__(self, path: Path, parts: Sequence[str]) -> None:
        self.parts = list(parts)
        super().__init__(
            f"{path} is damaged: {', '.join(self.parts)}.",
            "Take another backup, or another copy of this one; `mythgate backup list` shows those that are here.",
        )


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Part:
    """What the manifest says of one part, so that it can be checked."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table in a backup. `last_number` is the last one its counter gave out; None if it has no counter."""

    name: str
    columns: Sequence[Column]
    rows: int
    last_number: int | None
    part: Part


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup."""

    backup: Backup
    tables: Sequence[TablePart]
    films: Sequence[Part]
    settings: Mapping[str, Any]  # that are not as they come, without secrets

    def document(self) -> dict[str, Any]:
        """As JSON."""
        backup = self.backup
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "taken_at": backup.taken_at.astimezone(UTC).isoformat(),
            "reason": backup.reason.value,
            "version": backup.version,
            "revision": backup.revision,
            "database": backup.database,
            "tables": [
                {
                    "name": table.name,
                    "part": _part_document(table.part),
                    "columns": [{"name": one.name, "kind": one.kind} for one in table.columns],
                    "rows": table.rows,
                    "last_number": table.last_number,
                }
                for table in self.tables
            ],
            "films": [_part_document(part) for part in self.films],
            "missing_films": list(backup.missing_films),
            "settings": dict(self.settings),
        }


def _part_document(part: Part) -> dict[str, Any]:
    return {"name": part.name, "bytes": part.size, "sha256": part.sha256}


def _manifest(data: bytes, size: int) -> Manifest:
    """Raises BackupUnusable if this version cannot use it, and what is in `_BROKEN` if it is none."""
    document = orjson.loads(data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BackupUnusable("The file is no backup of Mythgate.")
    if document["format_version"] != FORMAT_VERSION:
        raise BackupUnusable(
            f"The backup has format {document['format_version']}; this version reads format {FORMAT_VERSION}.",
            f"A newer Mythgate ({document.get('version', '?')}) made it: install that version, or one that is newer.",
        )
    tables = [
        TablePart(
            one["name"],
            [Column(column["name"], column["kind"]) for column in one["columns"]],
            one["rows"],
            one["last_number"],
            _part(one["part"]),
        )
        for one in document["tables"]
    ]
    films = [_part(one) for one in document["films"]]
    backup = Backup(
        taken_at=datetime.fromisoformat(document["taken_at"]),
        reason=Reason(document["reason"]),
        version=document["version"],
        revision=document["revision"],
        database=document["database"],
        tables={one.name: one.rows for one in tables},
        films=len(films),
        missing_films=document["missing_films"],
        size=size,
    )
    return Manifest(backup, tables, films, document["settings"])


def _part(document: Mapping[str, Any]) -> Part:
    return Part(document["name"], document["bytes"], document["sha256"])


# --- writing ---------------------------------------------------------------------------------------


class _Sealing(io.RawIOBase):
    """Writes to a file and computes the digest of all it writes but the last `_COMMENT_BYTES`, which are the digest.

    It cannot be moved about in, so that zip writes each byte once.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._held = b""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        count = len(data)
        data = self._held + bytes(data)
        self._held = data[-_COMMENT_BYTES:]
        out = data[:-_COMMENT_BYTES]
        self._digest.update(out)
        self._file.write(out)
        return count

    def seal(self) -> None:
        """Write the digest in the place of what is held back."""
        self._file.write(self._digest.hexdigest().encode())


class BackupWriter:
    """A backup that is being written. It is at its place when `finish` returns, and nowhere if the block is left by an
    error; a process that dies leaves a file that ends in `.unfinished`, which nothing takes for a backup.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._unfinished = target.with_name(
            f".{target.name}.{uuid.uuid4().hex}{UNFINISHED}"
        )  # several may be made at once
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None
        self._sealing: _Sealing | None = None
        self._date = datetime.now(UTC).timetuple()[:6]

    def __enter__(self) -> Self:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        # It will hold password hashes.
        self._file = os.fdopen(os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", _BLOCK)
        self._sealing = _Sealing(self._file)
        self._archive = zipfile.ZipFile(self._sealing, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._file is not None and not self._file.closed:
            if self._archive is not None:
                self._archive.fp = None  # else it would write its end when it is thrown away
            self._file.close()
            self._unfinished.unlink(missing_ok=True)

    @contextlib.contextmanager
    def part(self, name: str, *, large: bool = True) -> Iterator[PartWriter]:
        """Write the part `name` while the block runs."""
        assert self._archive is not None
        info = zipfile.ZipInfo(name, self._date)
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = _LEVEL  # type: ignore[attr-defined]
        info.external_attr = 0o600 << 16
        with self._archive.open(info, "w", force_zip64=large) as file:
            yield PartWriter(name, file)

    def finish(self, manifest: Manifest) -> int:
        """Write the manifest, wait for the disk and put the file at its place; returns its size."""
        assert self._archive is not None
        assert self._file is not None
        assert self._sealing is not None
        data = orjson.dumps(manifest.document(), option=orjson.OPT_INDENT_2)
        for name, content in ((MANIFEST, data), (MANIFEST_SUM, hashlib.sha256(data).hexdigest().encode())):
            with self.part(name, large=False) as part:
                part.write(content)
        self._archive.comment = b"0" * _COMMENT_BYTES
        self._archive.close()
        self._sealing.seal()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        self._unfinished.replace(self._target)
        sync_folder(self._target.parent)
        return size


class PartWriter:
    """One part that is being written."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._file = file
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    @property
    def part(self) -> Part:
        """What the manifest says of it, once it is written."""
        return Part(self._name, self._size, self._digest.hexdigest())


def sync_folder(folder: Path) -> None:
    """Have the disk know of new names in `folder`, where the system can do that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- reading ---------------------------------------------------------------------------------------


class BackupReader:
    """A backup whose bytes are as they were written."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.manifest: Final = manifest
        self._path = path
        self._archive = archive

    def blocks(self, part: Part) -> Iterator[bytes]:
        """The content of a part; raises BackupDamaged at its end if it is not what was written."""
        digest = hashlib.sha256()
        try:
            with self._archive.open(part.name) as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    yield block
        except _BROKEN as error:
            raise BackupDamaged(self._path, [part.name]) from error
        if digest.hexdigest() != part.sha256:
            raise BackupDamaged(self._path, [part.name])

    def rows(self, table: TablePart) -> Iterator[list[Any]]:
        """The rows of a table, raising as `blocks`."""
        rest = b""
        for block in self.blocks(table.part):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield orjson.loads(line)
        if rest:
            raise BackupDamaged(self._path, [table.part.name])


@contextlib.contextmanager
def opened(path: Path, progress: Progress | None = None) -> Iterator[BackupReader]:
    """The backup at `path`, of which every byte was looked at.

    Raises:
        BackupDamaged: it is not as it was written.
        BackupUnusable: it is no backup, or none for this version.

    """
    require_file(path)
    progress = progress or Progress()
    if not _is_sealed(path, progress):
        raise BackupDamaged(path, _damaged(path, progress))
    with contextlib.ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            manifest = _manifest(archive.read(MANIFEST), path.stat().st_size)
        except _BROKEN as error:
            raise BackupUnusable(f"{path} is no backup of Mythgate.") from error
        yield BackupReader(path, archive, manifest)


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself, after a look at the manifest alone. Raises as `opened`."""
    require_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            data = archive.read(MANIFEST)
            told = archive.read(MANIFEST_SUM)
            if hashlib.sha256(data).hexdigest().encode() != told:
                raise BackupDamaged(path, [MANIFEST])
            return _manifest(data, path.stat().st_size)
    except _BROKEN as error:
        raise BackupUnusable(f"{path} is no backup of Mythgate, or a damaged one.") from error


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of looking at every byte of a backup."""

    manifest: Manifest | None  # None: it cannot be read
    damaged: Sequence[str]  # parts, empty if all is as it was written


def verify(path: Path, progress: Progress | None = None) -> Checked:
    """Look at every byte of a backup, in all parts.

    Raises:
        BackupUnusable: there is no file, or it cannot be read, or it is for another version.

    """
    require_file(path)
    progress = progress or Progress()
    sealed = _is_sealed(path, progress)
    damaged = _damaged(path, progress)
    if sealed and damaged == [FRAME]:
        damaged = []
    try:
        manifest: Manifest | None = read_manifest(path)
    except BackupUnusable:
        if sealed:
            raise
        manifest = None
    return Checked(manifest, damaged)


def require_file(path: Path) -> None:
    """Raises BackupUnusable unless there is a file at `path` that may be read."""
    if not path.is_file():
        raise BackupUnusable(f"There is no file {path}.", "`mythgate backup list` shows the backups that are here.")
    if not os.access(path, os.R_OK):
        raise BackupUnusable(f"{path} may not be read.", "It belongs to whoever made it; look at its owner.")


def _is_sealed(path: Path, progress: Progress) -> bool:
    """Whether the digest at the end fits all that is before it."""
    size = path.stat().st_size
    progress.begin("looking at every byte", size)
    left = size - _COMMENT_BYTES
    if left < 0:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while left and (block := file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
            progress.advance(len(block))
        return left == 0 and file.read() == digest.hexdigest().encode()


def _damaged(path: Path, progress: Progress) -> list[str]:
    """The parts that are not as they were written; if there is none, but the file is, it is what is around them."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN:
        return ["the list of parts at the end (is the file cut off?)"]
    with archive:
        damaged: list[str] = []
        wanted: dict[str, Part] = {}
        try:
            data = archive.read(MANIFEST)
            if hashlib.sha256(data).hexdigest().encode() != archive.read(MANIFEST_SUM):
                damaged.append(MANIFEST)
            manifest = _manifest(data, 0)
            wanted = {one.name: one for one in (*(table.part for table in manifest.tables), *manifest.films)}
        except (BackupUnusable, *_BROKEN):
            if MANIFEST not in damaged:
                damaged.append(MANIFEST)
        names = dict.fromkeys([*wanted, *(one.filename for one in archive.infolist())])
        progress.begin("looking at every part", len(names))
        for name in names:
            if name not in (MANIFEST, MANIFEST_SUM) and not _is_whole(archive, name, wanted.get(name)):
                damaged.append(name)
            progress.advance(1)
    return damaged or [FRAME]


def _is_whole(archive: zipfile.ZipFile, name: str, wanted: Part | None) -> bool:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except _BROKEN:
        return False
    return wanted is None or digest.hexdigest() == wanted.sha256


# --- rows ------------------------------------------------------------------------------------------

Change = Callable[[Any], Any]


def changed(rows: Iterable[Sequence[Any]], changes: Sequence[Change | None]) -> Iterator[Sequence[Any]]:
    """`rows` with each value changed as its column asks; None stays None."""
    todo = [(place, change) for place, change in enumerate(changes) if change is not None]
    if not todo:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for place, change in todo:
            value = values[place]
            if value is not None:
                values[place] = change(value)
        yield values
