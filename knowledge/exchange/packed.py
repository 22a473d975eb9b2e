"""Files that are ZIP archives inside (xlsx, docx, zip): looked at before anything is unpacked."""

from __future__ import annotations

import io
import zipfile

import olefile

from knowledge.exchange.problems import FileRefused

MOST_ENTRIES = 20_000
MOST_UNPACKED = 200 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = 0x1


def opened(data: bytes, what: str) -> zipfile.ZipFile:
    """The archive. Raises `FileRefused` for what is none, is encrypted, damaged, or unpacks to too much."""
    if data.startswith(_OLE):
        raise FileRefused(_why_ole(data, what))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise FileRefused(f"打不开：不是{what}，或文件损坏。请重新另存一份再试。") from error
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise FileRefused("文件设了密码。请去掉密码再试。")
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise FileRefused("文件解开以后太大，没有读取。请分几个文件导入。")
    if any(entry.filename.lower().endswith("vbaproject.bin") for entry in entries):
        raise FileRefused("文件带有宏，没有读取。请另存为不带宏的格式再试。")
    return archive


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """An entry unpacked, whatever size it claims. Raises `FileRefused`."""
    try:
        with archive.open(entry) as inside:
            data = inside.read(most + 1)
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise FileRefused(f"“{entry.filename[:60]}”损坏，读不出来。请重新打包再试。") from error
    except Exception as error:  # zlib.error, lzma.LZMAError: whatever the packing
        raise FileRefused(f"“{entry.filename[:60]}”损坏，读不出来。请重新打包再试。") from error
    if len(data) > most:
        raise FileRefused(f"“{entry.filename[:60]}”太大，最多 {most // 1024} KB。")
    return data


def _why_ole(data: bytes, what: str) -> str:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as found:
            if found.exists("EncryptedPackage"):
                return "文件设了密码。请去掉密码再试。"
    except Exception:  # noqa: S110 whatever is wrong with it, it is no file of ours
        pass
    return f"这是旧版 Office 格式。请用 Office 或 WPS 另存为{what}再试。"
