"""What a file is, is read from its content; nothing that could run is taken, whatever it calls itself."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.media_types import (
    ARCHIVE,
    DAMAGED,
    DOCX,
    EMPTY,
    ENDINGS,
    LOCKED,
    MACROS,
    OTHER,
    PPTX,
    XLSX,
    NotTaken,
    media_type,
    named,
)
from tests.files_sent import (
    BMP,
    ELF,
    EXE,
    GIF,
    HEIC,
    JPEG,
    MP3,
    MP4,
    PDF,
    PNG,
    RAR,
    WEBP,
    compound,
    docx,
    zipped,
)

TYPES = "[Content_Types].xml"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (GIF, "image/gif"),
        (WEBP, "image/webp"),
        (BMP, "image/bmp"),
        (HEIC, "image/heic"),
        (PDF, "application/pdf"),
        (docx(), DOCX),
        (zipped(TYPES, "xl/workbook.xml"), XLSX),
        (zipped(TYPES, "ppt/presentation.xml"), PPTX),
        (compound(["WordDocument"]), "application/msword"),
        (compound(["Workbook"]), "application/vnd.ms-excel"),
        (compound(["PowerPoint Document"]), "application/vnd.ms-powerpoint"),
    ],
)
def test_pictures_and_documents_are_known_whatever_their_name(data: bytes, kind: str) -> None:
    assert {media_type(data, name) for name in ("", "a.exe", "合同.pdf", "x.html")} == {kind}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    ("name", "kind"), [("说明.txt", "text/plain"), ("表.CSV", "text/csv"), ("", "text/plain")]
)
def test_texts_are_known_by_their_letters_and_their_name(encoding: str, name: str, kind: str) -> None:
    assert media_type("停水三天\r\n电话,\t1390375".encode(encoding), name) == kind


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "空.pdf", EMPTY),
        (EXE, "现场.jpg", OTHER),
        (ELF, "a.pdf", OTHER),
        (MP4, "录像.jpg", OTHER),
        (MP3, "录音.pdf", OTHER),
        (RAR, "材料.pdf", ARCHIVE),
        (zipped("材料.pdf", "b.exe"), "材料.docx", ARCHIVE),
        (zipped(TYPES, "META-INF/MANIFEST.MF"), "a.docx", ARCHIVE),
        (zipped(TYPES, "word/a", "xl/b"), "a.docx", ARCHIVE),
        (docx("word/vbaProject.bin"), "a.docx", MACROS),
        (docx()[:-30], "a.docx", DAMAGED),
        (compound(["WordDocument", "Macros"]), "a.doc", MACROS),
        (compound(["Workbook", "_VBA_PROJECT_CUR"]), "a.xls", MACROS),
        (compound(["EncryptedPackage"]), "a.docx", LOCKED),
        (compound(["SummaryInformation"]), "setup.doc", OTHER),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600, "a.doc", DAMAGED),
        (b"<html><script>alert(1)</script>", "a.txt", OTHER),
        ("\ufeff \n<svg onload='x'/>".encode(), "a.txt", OTHER),
        (b"#!/bin/sh\nrm -rf /", "a.txt", OTHER),
        (b"@echo off", "a.bat", OTHER),
        (b"alert(1)", "a.js", OTHER),
        (b"BMW \x00\x01", "a.bmp", OTHER),
        (b"abc\x00def", "a.txt", OTHER),
        (b"\x81\xff\xff", "a.txt", OTHER),
    ],
)
def test_everything_else_is_refused_with_a_reason(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason[:6]):
        media_type(data, name)


def test_a_text_that_begins_like_a_bitmap_is_a_text() -> None:
    assert media_type("BM 车间停水".encode(), "a.txt") == "text/plain"


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = docx("word/bomb.xml", content=bytes(200_000_000))
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    assert media_type(bomb, "a.docx") == DOCX
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_zip_with_endless_members_is_not_even_listed() -> None:
    with pytest.raises(NotTaken, match="压缩包"):
        media_type(docx() + b"PK\x01\x02" * 10_001, "a.docx")


@given(st.binary(max_size=300), st.sampled_from(["", "a.txt", "a.csv", "a.doc", "a.jpg"]))
def test_no_content_makes_it_fail(data: bytes, name: str) -> None:
    for head in (
        b"",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        docx()[:200],
        compound(["Book"])[:800],
    ):
        with suppress(NotTaken):
            assert media_type(head + data, name) in ENDINGS


@pytest.mark.parametrize(
    ("name", "kind", "saved"),
    [
        ("现场.JPG", "image/jpeg", "现场.JPG"),
        ("现场.exe", "image/jpeg", "现场.exe.jpg"),
        ("合同.wps", "application/msword", "合同.wps"),
        ("a.html", "text/plain", "a.html.txt"),
        ("", "application/pdf", "attachment.pdf"),
    ],
)
def test_a_name_that_is_saved_says_what_the_file_is(name: str, kind: str, saved: str) -> None:
    assert named(name, kind) == saved
