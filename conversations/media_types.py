"""What a file is, by its content: a picture or a document, or why it is not taken. Nothing is ever unpacked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePath

import filetype
import olefile

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

# The first ending is given to a file whose own is not of its type.
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/bmp": (".bmp",),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "application/msword": (".doc", ".wps"),
    "application/vnd.ms-excel": (".xls", ".et"),
    "application/vnd.ms-powerpoint": (".ppt", ".dps"),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    PPTX: (".pptx",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
}
_BY_SIGNATURE = {kind for kind in ENDINGS if kind.startswith("image/")} | {"application/pdf"}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIPPED = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}
_STREAMS = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
# The list of a zip's members is read into memory; no office file has nearly as many.
_MOST_MEMBERS = 10_000
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_WHITE = "\t\n\r\f"

EMPTY = "文件是空的。"
DAMAGED = "文件已经损坏，打不开。"
MACROS = "文件里有宏，可能会自动运行，请另存为不带宏的文件再发。"
LOCKED = "文件设了密码，请去掉密码再发。"
ARCHIVE = "收不了压缩包，请解压后一个一个地发。"
OTHER = "只收图片、PDF、Word、Excel、PPT、WPS 文档和 txt、csv 文本，这个文件不在其中。"


class NotTaken(Exception):
    """The file is none of those that are taken; the message is the reason, in Chinese."""


def media_type(data: bytes, name: str) -> str:
    """The type, one of `ENDINGS`. Raises `NotTaken`.

    `name` counts for texts alone, which have no signature: a script is a text as well.
    """
    if not data:
        raise NotTaken(EMPTY)
    if data.startswith(_ZIP):
        return _zipped(data)
    if data.startswith(_OLE):
        return _compound(data)
    found = filetype.guess_mime(data)
    if found in _BY_SIGNATURE and not (found == "image/bmp" and not _is_bmp(data)):
        return str(found)
    if found in ("application/x-rar-compressed", "application/x-7z-compressed", "application/gzip"):
        raise NotTaken(ARCHIVE)
    return _text(data, PurePath(name).suffix.lower())


def named(name: str, kind: str) -> str:
    """The name under which a file of that type may be saved: its ending says what it is, and nothing else."""
    ending = PurePath(name).suffix.lower()
    return name if ending in ENDINGS[kind] else f"{name or 'attachment'}{ENDINGS[kind][0]}"


def _zipped(data: bytes) -> str:
    if data.count(b"PK\x01\x02") > _MOST_MEMBERS:
        raise NotTaken(ARCHIVE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except Exception as error:  # whatever a forged list makes the reader raise
        raise NotTaken(DAMAGED) from error
    found = {kind for folder, kind in _ZIPPED.items() if any(name.startswith(folder) for name in members)}
    if "[Content_Types].xml" not in members or len(found) != 1:
        raise NotTaken(ARCHIVE)
    if any(name.lower().endswith("vbaproject.bin") for name in members):
        raise NotTaken(MACROS)
    return found.pop()


def _compound(data: bytes) -> str:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            top = {path[0] for path in file.listdir(streams=True, storages=True)}
    except Exception as error:  # whatever a forged directory makes the reader raise
        raise NotTaken(DAMAGED) from error
    if "EncryptedPackage" in top:
        raise NotTaken(LOCKED)
    if top & {"Macros", "_VBA_PROJECT_CUR"}:
        raise NotTaken(MACROS)
    found = next((kind for stream, kind in _STREAMS.items() if stream in top), None)
    if found is None:
        raise NotTaken(OTHER)
    return found


def _is_bmp(data: bytes) -> bool:
    return int.from_bytes(data[14:18], "little") in _BMP_HEADERS


def _text(data: bytes, ending: str) -> str:
    text = _decoded(data)
    letters = text is not None and all(letter >= " " or letter in _WHITE for letter in text)
    if text is None or not letters or ending not in ("", ".txt", ".csv"):
        raise NotTaken(OTHER)
    if text.lstrip("\ufeff \t\r\n").startswith(("<", "#!")):
        raise NotTaken(OTHER)
    return "text/csv" if ending == ".csv" else "text/plain"


def _decoded(data: bytes) -> str | None:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
