"""Articles as nobody would write them, for what must hold of every article."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from knowledge.article import ASPECTS, Article, Download, Source
from knowledge.catalogue import catalogue
from knowledge.drafts import CHANNELS

_DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
_KEYS = st.from_regex(r"[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
_LETTERS = st.one_of(
    st.sampled_from("=+-@'\"|｜\\#,;\n\t *_:：[]{}&!%`><?^~水气电①　\u00a0😀"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff\u2028\u2029"),
)


def texts(most: int, *, least: int = 1) -> st.SearchStrategy[str]:
    """Any text that has no blanks at its ends, but what an Excel file cannot hold: that is refused with a sentence."""
    made = st.text(_LETTERS, max_size=most).map(str.strip)
    return made.filter(lambda text: len(text) >= least and "x005F_" not in text)


_SOURCES = st.builds(
    Source, id=_KEYS, title=texts(30), issuer=texts(20), number=texts(20, least=0), date=_DAYS,
    link=texts(30, least=0),
)  # fmt: skip
_DOWNLOADS = st.builds(Download, title=texts(20), link=texts(30))
_SAID = st.dictionaries(st.sampled_from(ASPECTS), texts(40), min_size=1, max_size=3)


@st.composite
def made_articles(draw: st.DrawFn) -> Article:
    """One article."""
    first, last = sorted((draw(_DAYS), draw(_DAYS)))
    return Article(
        key=draw(_KEYS),
        title=draw(texts(30)),
        category=draw(st.sampled_from(sorted(catalogue().categories))),
        audience=draw(texts(20, least=0)),
        department=draw(texts(20, least=0)),
        aliases=tuple(draw(st.lists(texts(20), max_size=4))),
        questions=tuple(draw(st.lists(texts(20), max_size=4))),
        sources=tuple(draw(st.lists(_SOURCES, max_size=3, unique_by=lambda source: source.id))),
        valid_from=first,
        valid_until=draw(st.sampled_from((None, last))),
        checked_on=draw(_DAYS),
        sections=draw(st.dictionaries(st.sampled_from(ASPECTS), texts(60), min_size=1)),
        departments=tuple(draw(st.lists(texts(12), max_size=3))),
        downloads=tuple(draw(st.lists(_DOWNLOADS, max_size=3))),
        variants=draw(st.dictionaries(st.sampled_from(sorted(CHANNELS)), _SAID, max_size=3)),
    )
