"""Zip archives of uncompressed records, as PyTorch and NumPy write them.

Reading checks before it believes: every range lies inside the file, no two records overlap (so a
file cannot unfold to more than its own size), names are plain relative ones, checksums hold.
Writing aligns the data to 64 bytes so that it can be mapped into memory.

The layout is the one of PKWARE's APPNOTE, with the zip64 fields for more than 4 GiB.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from autotn.weights.source import Bytes, Source

_END = struct.Struct("<4s4H2IH")  # end of central directory
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s6H3I5H2I")  # one line of the central directory
_LOCAL = struct.Struct("<4s5H3I2H")  # what stands before a record
_FULL = 0xFFFFFFFF  # "look into the zip64 field"
_STORED, _DEFLATED = 0, 8
_PADDING = 0x4246  # the extra field that PyTorch's aligned files use too
ALIGNMENT = 64

# A compressed file may unfold to this many times its size, or to this many bytes if that is more.
_MOST_UNFOLDING = 100
_ALWAYS_ALLOWED = 1 << 26


class Record:
    """Where one record lies, how it is packed, and its checksum."""

    __slots__ = ("crc", "header", "method", "name", "packed", "size", "start")

    def __init__(
        self, name: str, method: int, crc: int, packed: int, size: int, header: int
    ) -> None:
        self.name = name
        self.method = method
        self.crc = crc
        self.packed = packed
        self.size = size
        self.header = header
        self.start = 0


class Archive:
    """The records of a zip file, by name."""

    def __init__(self, source: Source) -> None:
        self.source = source
        entries, directory = self._read_directory()
        self.records: dict[str, Record] = {}
        for record in entries:
            self._locate(record, directory)
            if record.name in self.records:
                raise source.bad(f"the archive has two records named {record.name!r}")
            self.records[record.name] = record
        self._check_no_overlap()

    def _read_directory(self) -> tuple[list[Record], int]:
        source = self.source
        tail_size = min(source.size, _END.size + 0xFFFF)
        tail = source.read(source.size - tail_size, tail_size, "the end of the archive")
        at = tail.rfind(b"PK\5\6")
        while at >= 0:
            if at + _END.size <= len(tail):
                end = _END.unpack_from(tail, at)
                if at + _END.size + end[7] == len(tail):
                    break
            at = tail.rfind(b"PK\5\6", 0, at)
        else:
            raise source.bad("the zip archive has no end record: the file is truncated or damaged")
        end_at = source.size - tail_size + at
        _, disk, first_disk, here, count, size, offset, _ = end
        if disk or first_disk or here != count:
            raise source.bad("the zip archive is split over several files")
        # PyTorch always writes the zip64 records too.
        locator_at = end_at - _LOCATOR64.size
        full = _FULL in (size, offset) or count == 0xFFFF
        if full or (locator_at >= 0 and source.read(locator_at, 4, "the locator") == b"PK\6\7"):
            count, size, offset, end_at = self._read_end64(locator_at, (count, size, offset))
        if offset + size != end_at:
            raise source.bad("the zip archive's directory is not where its end record says")
        data = source.read(offset, size, "the archive's directory")
        return list(self._parse_directory(data, count)), offset

    def _read_end64(
        self, locator_at: int, small: tuple[int, int, int]
    ) -> tuple[int, int, int, int]:
        """The same numbers from the zip64 end record, which has room for large ones."""
        source = self.source
        locator = source.read(locator_at, _LOCATOR64.size, "the zip64 locator")
        magic, disk, at, disks = _LOCATOR64.unpack(locator)
        if magic != b"PK\6\7" or disk or disks > 1:
            raise source.bad("the zip64 locator is damaged")
        fields = _END64.unpack(source.read(at, _END64.size, "the zip64 end record"))
        magic, _, _, _, disk, first_disk, here, count, size, offset = fields
        if magic != b"PK\6\6" or disk or first_disk or here != count:
            raise source.bad("the zip64 end record is damaged")
        large = (count, size, offset)
        for value, short, none in zip(large, small, (0xFFFF, _FULL, _FULL), strict=True):
            if short not in (value, none):
                raise source.bad("the two end records of the zip archive contradict each other")
        return count, size, offset, at

    def _parse_directory(self, data: bytes, count: int) -> Iterable[Record]:
        source, at, seen = self.source, 0, 0
        while at < len(data):
            if at + _ENTRY.size > len(data):
                raise source.bad("the archive's directory ends in the middle of an entry")
            fields = _ENTRY.unpack_from(data, at)
            magic, _, _, flags, method, _, _, crc, packed, size = fields[:10]
            name_size, extra_size, comment_size, disk, _, _, header = fields[10:]
            at += _ENTRY.size
            end = at + name_size + extra_size + comment_size
            if magic != b"PK\1\2" or disk or end > len(data):
                raise source.bad(f"entry {seen} of the archive's directory is damaged")
            name = self._name(data[at : at + name_size])
            extra = data[at + name_size : at + name_size + extra_size]
            size, packed, header = self._widen(extra, size, packed, header, name)
            if flags & 1:
                raise source.bad(f"record {name!r} is encrypted")
            yield Record(name, method, crc, packed, size, header)
            at, seen = end, seen + 1
        if seen != count:
            raise source.bad(f"the archive's directory has {seen} entries instead of {count}")

    def _name(self, raw: bytes) -> str:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self.source.bad(f"record name {raw[:80]!r} is not UTF-8") from None
        parts = name.split("/")
        leads_out = name.startswith("/") or ".." in parts or name[1:2] == ":"
        if leads_out or "\\" in name or "\0" in name:
            raise self.source.bad(f"record name {name[:80]!r} would lead out of the archive")
        return name

    def _widen(
        self, extra: bytes, size: int, packed: int, header: int, name: str
    ) -> tuple[int, int, int]:
        """Take the numbers that did not fit into 32 bits from the zip64 extra field."""
        values = [size, packed, header]
        wanted = [i for i, value in enumerate(values) if value == _FULL]
        if not wanted:
            return size, packed, header
        at = 0
        while at + 4 <= len(extra):
            kind, length = struct.unpack_from("<2H", extra, at)
            if kind == 1 and length >= 8 * len(wanted) and at + 4 + length <= len(extra):
                for i, value in zip(
                    wanted, struct.unpack_from(f"<{len(wanted)}Q", extra, at + 4), strict=True
                ):
                    values[i] = value
                return values[0], values[1], values[2]
            at += 4 + length
        raise self.source.bad(f"the zip64 sizes of record {name!r} are missing")

    def _locate(self, record: Record, directory: int) -> None:
        """Find where the data of a record starts, and check the header that stands before it."""
        source = self.source
        local = _LOCAL.unpack(source.read(record.header, _LOCAL.size, f"record {record.name!r}"))
        magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size = local
        raw = source.read(record.header + _LOCAL.size, name_size, f"the name of {record.name!r}")
        sizes_follow = bool(flags & 8)  # checksum and sizes may then be 0 here
        agrees = (
            magic == b"PK\3\4"
            and method == record.method
            and raw == record.name.encode()
            and (sizes_follow or crc == record.crc)
            and (sizes_follow or packed in (record.packed, _FULL))
            and (sizes_follow or size in (record.size, _FULL))
        )
        if not agrees:
            raise source.bad(f"the header of record {record.name!r} contradicts the directory")
        record.start = record.header + _LOCAL.size + name_size + extra_size
        if record.start + record.packed > directory:
            raise source.bad(
                f"record {record.name!r} ({record.packed} bytes) reaches beyond the archive's data"
            )
        if record.method == _STORED and record.size != record.packed:
            raise source.bad(f"record {record.name!r} is stored but has two different sizes")

    def _check_no_overlap(self) -> None:
        end, unfolded = 0, 0
        for record in sorted(self.records.values(), key=lambda r: r.header):
            if record.header < end:
                raise self.source.bad(f"record {record.name!r} overlaps another one")
            end = record.start + record.packed
            unfolded += record.size
        limit = max(_ALWAYS_ALLOWED, _MOST_UNFOLDING * self.source.size)
        if unfolded > limit:
            raise self.source.bad(
                f"the archive of {self.source.size} bytes would unfold to {unfolded} bytes; "
                f"more than {limit} is refused as a zip bomb"
            )

    def __contains__(self, name: str) -> bool:
        return name in self.records

    def find(self, name: str) -> Record:
        """The record of this name."""
        record = self.records.get(name)
        if record is None:
            raise self.source.bad(f"the archive has no record {name!r}")
        return record

    def read(self, name: str, *, compressed: bool = False) -> Bytes:
        """The bytes of a record, checked against its checksum.

        Parameters
        ----------
        compressed : bool
            Accept records packed with deflate too.
        """
        record = self.find(name)
        what = f"record {name!r}"
        if record.method == _DEFLATED and compressed:
            data = self._inflate(record)
        elif record.method == _STORED:
            data = self.source.read_array(record.start, record.size, what)
        else:
            raise self.source.bad(f"{what} is compressed (method {record.method}): not supported")
        crc = zlib.crc32(data.data)
        if crc != record.crc:
            raise self.source.bad(
                f"{what} is damaged: its checksum is {crc:08x}, but {record.crc:08x} was written"
            )
        return data

    def _inflate(self, record: Record) -> Bytes:
        import numpy as np

        packed = self.source.read(record.start, record.packed, f"record {record.name!r}")
        machine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            data = machine.decompress(packed, record.size + 1)
        except zlib.error as error:
            raise self.source.bad(f"record {record.name!r} cannot be unpacked: {error}") from None
        if len(data) != record.size:
            raise self.source.bad(
                f"record {record.name!r} should unfold to {record.size} bytes but does not"
            )
        return np.frombuffer(bytearray(data), np.uint8)

    def verify(self) -> None:
        """Check the checksum of every record."""
        for name in self.records:
            self.read(name, compressed=True)


class ArchiveWriter:
    """Write records one after the other, then the directory with `close`."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.at = 0
        self._directory: list[bytes] = []
        self._names: set[str] = set()

    def _write(self, data: bytes | memoryview) -> None:
        self.file.write(data)
        self.at += len(data)

    def add(self, name: str, *pieces: bytes | memoryview) -> None:
        """Store the concatenation of `pieces` (bytes, or flat views of bytes) under `name`."""
        if name in self._names:
            raise ValueError(f"the archive already has a record named {name!r}")
        self._names.add(name)
        raw = name.encode()
        size = sum(len(piece) for piece in pieces)
        crc = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
        large = size >= _FULL
        small_size = _FULL if large else size
        extra = struct.pack("<2H2Q", 1, 16, size, size) if large else b""
        start = self.at + _LOCAL.size + len(raw) + len(extra) + 4
        padding = -start % ALIGNMENT
        extra += struct.pack("<2H", _PADDING, padding) + bytes(padding)
        needed = 45 if large or self.at >= _FULL else 20
        header = self.at
        common = (needed, 0x800, _STORED, 0, 0x21, crc, small_size, small_size)  # 1980-01-01
        self._write(_LOCAL.pack(b"PK\3\4", *common, len(raw), len(extra)) + raw + extra)
        for piece in pieces:
            self._write(piece)
        wide = [size, size] if large else []
        wide += [header] if header >= _FULL else []
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        self._directory.append(
            _ENTRY.pack(
                b"PK\1\2", needed, *common, len(raw), len(extra), 0, 0, 0, 0, min(header, _FULL)
            )
            + raw
            + extra
        )

    def close(self) -> None:
        """Write the directory; the file itself stays open."""
        offset, count = self.at, len(self._directory)
        for entry in self._directory:
            self._write(entry)
        size = self.at - offset
        if count >= 0xFFFF or offset >= _FULL or size >= _FULL:
            end64 = self.at
            self._write(
                _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, count, count, size, offset)
            )
            self._write(_LOCATOR64.pack(b"PK\6\7", 0, end64, 1))
        count = min(count, 0xFFFF)
        self._write(
            _END.pack(b"PK\5\6", 0, 0, count, count, min(size, _FULL), min(offset, _FULL), 0)
        )
