"""Documents split into aspects by their headings; what is not sure says so, and what is no good is told."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from docx import Document
from pypdf import PdfWriter

from knowledge.exchange.documents import aspects_of
from knowledge.exchange.reader import read
from tests.knowledge.test_exchange import archive


def word(*parts: tuple[str, str], table: Sequence[Sequence[str]] = ()) -> bytes:
    """A Word document. Parts are (style, text); style `**` is a paragraph in bold."""
    document = Document()
    for style, text in parts:
        if style == "**":
            document.add_paragraph().add_run(text).bold = True
        else:
            document.add_paragraph(text, style=style or None)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, texts in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf(lines: Sequence[str], *, password: str = "") -> bytes:
    """A PDF with these lines, in a font that every reader has a table of."""
    shown = "".join(f"<{line.encode('utf-16-be').hex()}> Tj T* " for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 50 800 Td {shown}ET".encode()
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H "
        b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>] >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        font,
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start)
    if not password:
        return out.getvalue()
    writer = PdfWriter(clone_from=io.BytesIO(out.getvalue()))
    writer.encrypt(password, algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    return locked.getvalue()


def document(data: bytes, name: str) -> dict[str, Any]:
    found = read(data, name)
    assert "document" in found, found
    return dict(found["document"])


def test_a_word_document_is_split_by_its_headings() -> None:
    found = document(
        word(
            ("Title", "取水许可办事指南"),
            ("Heading 1", "一、事项概述"),
            ("", "取用水资源要申请取水许可。"),
            ("Heading 1", "二、申请条件"),
            ("List Bullet", "符合用水规划。"),
            ("**", "三、申请材料"),
            ("", "申请书。"),
            ("", "四、收费标准"),
            ("", "不收费。"),
            ("Heading 1", "附件"),
            ("", "表格样式。"),
            ("Heading 1", "五、法律依据"),
            table=[["名称", "文号"], ["取水许可和水资源费征收管理条例", "国务院令第460号"]],
        ),
        "指南.docx",
    )
    assert found["title"] == "取水许可办事指南"
    assert found["sections"] == {
        "overview": "取用水资源要申请取水许可。",
        "materials": "申请书。",
        "fee": "不收费。",
        "conditions": "- 符合用水规划。",
        "basis": "- 名称，文号\n- 取水许可和水资源费征收管理条例，国务院令第460号",
    }
    assert found["doubts"] == {}
    assert found["unplaced"] == [["附件", "表格样式。"]]


def test_what_is_not_sure_says_so() -> None:
    found = document(
        word(
            ("", "开头的话。"),
            ("Heading 1", "流程和时限"),
            ("", "二十日。"),
            ("Heading 1", "办理流程"),
            ("", "字" * 600),
        ),
        "a.docx",
    )
    assert "没有写在哪个标题下面" in found["doubts"]["overview"][0]
    doubts = "".join(found["doubts"]["process"])
    assert "也像别的方面" in doubts and "也放在这里" in doubts and "精简" in doubts


def test_a_pdf_is_split_and_says_that_its_lines_were_put_together() -> None:
    found = document(
        pdf(["取水许可办事指南", "一、申请条件", "符合用水规划的单位和个人，", "可以申请。", "二、申请材料", "1. 申请书。", "2. 说明。", "- 1 -"]),
        "a.pdf",
    )  # fmt: skip
    assert found["sections"]["conditions"] == "符合用水规划的单位和个人，可以申请。"
    assert found["sections"]["materials"] == "1. 申请书。\n2. 说明。"
    assert any("逐节核对" in note for note in found["notes"])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_web_page_is_read_without_what_is_no_text(encoding: str) -> None:
    page = f"""<!doctype html><html><head><meta charset="{encoding}"><title>指南 - 某网</title>
    <script>alert("坏")</script><style>p{{}}</style></head><body><nav>首页 办理条件</nav><h1>取水许可</h1>
    <h2>申请材料</h2><ul><li>申请书</li><li><b>说明</b>一份</li></ul><h2>办理地点</h2><div>窗口<br>办理<iframe src="http://x"></iframe></div>
    <table><tr><td>甲</td><td>乙</td></tr></table><!-- 注释 --><p onclick="x()">电话另查</p></body></html>"""
    found = document(page.encode(encoding), "a.html")
    assert found["title"] == "取水许可"
    assert found["sections"] == {
        "materials": "- 申请书\n- 说明一份",
        "place": "窗口办理\n- 甲，乙\n电话另查",
    }
    assert "坏" not in str(found) and "注释" not in str(found) and "首页" not in str(found)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.docx", b"", "空的"),
        ("a.docx", b"not a document", "不是Word"),
        ("a.docx", archive(**{"word/document.xml": "<broken"}), "损坏"),
        ("a.docx", archive(**{"hello.txt": "x"}), "不是Word"),
        ("a.docx", word(), "没有文字"),
        ("a.docm", b"x", "宏"),
        ("a.doc", b"x", "另存为 .docx"),
        ("a.pdf", b"x", "不是 PDF"),
        ("a.pdf", b"%PDF-1.4 damaged", "损坏"),
        ("a.pdf", pdf([]), "扫描件"),
        ("a.pdf", pdf(["有密码的文件，有密码的文件，有密码的文件。"], password="secret"), "密码"),
        ("a.html", b"x", "不是网页"),
        ("a.html", b"<html><body><script>x</script></body></html>", "没有文字"),
        ("a.html", b"<p>" + b"\x81\xff\xff", "编码"),
        ("a.html", b"<p>" + "字".encode() * 200_001, "20 万字"),
    ],
)
def test_a_document_that_is_no_good_is_told_why(name: str, data: bytes, said: str) -> None:
    assert said in read(data, name).get("refused", "")


def test_a_deeply_nested_page_is_read_or_told_but_breaks_nothing() -> None:
    found = read(b"<div>" * 20_000 + "深".encode(), "a.html")
    assert "document" in found or "refused" in found


@pytest.mark.parametrize(
    ("heading", "aspects"),
    [
        ("受理条件", ["conditions"]),
        ("需要提交的材料", ["materials"]),
        ("办结时限", ["time"]),
        ("设定依据", ["basis"]),
        ("联系方式", []),
        ("流程和时限", ["process", "time"]),
    ],
)
def test_headings_name_their_aspects(heading: str, aspects: list[str]) -> None:
    assert aspects_of(heading) == aspects
