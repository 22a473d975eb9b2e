"""Files as people send them, each the least that is one of its kind, and what only looks like one."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(40)
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + bytes(20)
GIF = b"GIF89a" + bytes(20)
WEBP = b"RIFF\x20\x00\x00\x00WEBPVP8 " + bytes(20)
BMP = b"BM" + struct.pack("<IHHII", 70, 0, 0, 54, 40) + bytes(60)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(20)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
EXE = b"MZ\x90\x00" + bytes(60) + b"PE\x00\x00" + bytes(100)
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(20)
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x21" + bytes(40)
RAR = b"Rar!\x1a\x07\x00" + bytes(40)
_SECTOR, _FREE, _END, _FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def zipped(*members: str, content: bytes = b"x") -> bytes:
    """A zip with members of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(
                zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED
            )  # the same bytes every time
    return out.getvalue()


def docx(*more: str, content: bytes = b"x") -> bytes:
    """A Word document."""
    return zipped("[Content_Types].xml", "word/document.xml", *more, content=content)


def compound(names: Sequence[str]) -> bytes:
    """An OLE file with empty streams of these names, at most three of them."""
    header = bytearray(_SECTOR)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 40, 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    struct.pack_into("<109I", header, 76, 0, *[_FREE] * 108)
    fat = struct.pack("<128I", _FAT, _END, *[_FREE] * 126)
    entries = [_entry("Root Entry", 5, child=1)]
    for number, name in enumerate(names, start=1):
        entries.append(_entry(name, 2, right=number + 1 if number < len(names) else _FREE))
    entries += [bytes(128)] * (4 - len(entries))
    return bytes(header) + fat + b"".join(entries)


def _entry(name: str, kind: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    wide = name.encode("utf-16-le") + b"\0\0"
    head = wide.ljust(64, b"\0") + struct.pack("<HBBIII", len(wide), kind, 1, _FREE, right, child)
    return head.ljust(116, b"\0") + struct.pack("<IQ", _END, 0)
