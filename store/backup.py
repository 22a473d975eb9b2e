"""A whole database with its files as one zip: a JSON-lines file a table, the same for both databases, and each file."""

from __future__ import annotations

import json
import zipfile
import zlib
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from store.base import Base, Instant
from store.database import Database
from store.files import Files
from store.migrate import head

_MANIFEST = "manifest.json"
_FILES = "attachments/"
_BATCH = 500


class BackupRefused(Exception):
    """The file is no backup that this database can take; the message says why."""


async def back_up(database: Database, file: Path, files: Files) -> dict[str, int]:
    """Write every row as one state of the database saw it, and the files; table -> rows. It appears when it is whole.

    Tables that are `LEFT_OUT` are not in it.
    """
    part = file.with_suffix(file.suffix + ".part")
    counts: dict[str, int] = {}
    async with database.read() as session:
        if not database.embedded:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in _tables():
                with archive.open(f"{table.name}.jsonl", "w") as out:
                    counts[table.name] = 0
                    for row in (await session.execute(_in_order(table))).mappings():
                        out.write(
                            json.dumps({k: _plain(v) for k, v in row.items()}, ensure_ascii=False).encode()
                            + b"\n"
                        )
                        counts[table.name] += 1
            # After the rows: a row says that its file is there, and a file is never changed.
            kept = _add_files(archive, files)
            archive.writestr(_MANIFEST, json.dumps({"revision": head(), "rows": counts, "files": kept}))
    part.replace(file)
    return counts


async def restore_into(database: Database, file: Path, files: Files) -> dict[str, int]:
    """Fill an empty database and an empty folder from a backup, all or nothing. Raises `BackupRefused`."""
    if any(True for _ in files):
        raise BackupRefused(f"附件文件夹不是空的：{files.root}")
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["revision"] != head():
                raise BackupRefused(
                    f"备份的表结构是 {manifest['revision']}，当前是 {head()}：请用同一版本恢复后再升级"
                )
            brought: list[str] = []
            try:
                async with database.write() as session:
                    for table in _tables():
                        await _fill(session, table, archive)
                    if not database.embedded:
                        await _advance_sequences(session)
                    for key in _file_keys(archive):
                        files.put(key, archive.read(_FILES + key))
                        brought.append(key)
                    if len(brought) != manifest["files"]:
                        raise BackupRefused(f"{file.name} 里缺少附件")
            except BaseException:
                for key in brought:
                    files.remove(key)
                raise
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise BackupRefused(f"{file.name} 不是完整的备份文件") from error
    return dict(manifest["rows"])


def _tables() -> list[Table]:
    """Those that a backup holds, each after those that it refers to."""
    return [table for table in Base.metadata.sorted_tables if table.info.get("backup", True)]


def _add_files(archive: zipfile.ZipFile, files: Files) -> int:
    kept = 0
    for key in files:
        content = files.read(key)
        if content is not None:  # else it was removed just now, with what its row says
            # Pictures and documents are compressed already.
            archive.writestr(f"{_FILES}{key}", content, zipfile.ZIP_STORED)
            kept += 1
    return kept


def _file_keys(archive: zipfile.ZipFile) -> list[str]:
    return [name.removeprefix(_FILES) for name in archive.namelist() if name.startswith(_FILES)]


def _in_order(table: Table) -> Select[Any]:
    # A message may answer an earlier one of the same table: PostgreSQL gives rows as they lie, changed ones last.
    return select(table).order_by(*table.primary_key.columns)


async def _fill(session: AsyncSession, table: Table, archive: zipfile.ZipFile) -> None:
    if await session.scalar(select(func.count()).select_from(table)):
        raise BackupRefused(f"数据库不是空的：表 {table.name} 里有数据")
    batch: list[dict[str, Any]] = []
    with archive.open(f"{table.name}.jsonl") as lines:
        for line in lines:
            batch.append(_rich(table, json.loads(line)))
            if len(batch) == _BATCH:
                await session.execute(insert(table), batch)
                batch = []
    if batch:
        await session.execute(insert(table), batch)


async def _advance_sequences(session: AsyncSession) -> None:
    # PostgreSQL counts on from where its sequence stands, not from the rows that are there.
    for table in Base.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            last = select(func.coalesce(func.max(column), 1)).scalar_subquery()
            await session.execute(select(func.setval(sequence, last)))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, (datetime, date)) else value


def _rich(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    for column in table.columns:
        value = row[column.name]
        if isinstance(value, str) and isinstance(column.type, Instant):
            row[column.name] = datetime.fromisoformat(value)
        elif isinstance(value, str) and column.type.python_type is date:
            row[column.name] = date.fromisoformat(value)
        elif isinstance(value, str) and issubclass(column.type.python_type, Enum):
            row[column.name] = column.type.python_type(value)
    return row
