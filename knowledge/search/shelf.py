"""Where entries are kept and first looked for: two tantivy indexes, in memory or in a folder."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import tantivy

from knowledge.search.asked import Weighed, weighed
from knowledge.search.aspect import strip
from knowledge.search.entry import Entry, dump, load
from knowledge.search.evidence import Held, hold
from knowledge.search.text import grams, sounds
from knowledge.search.words import Vocabulary

_HEAP = 64_000_000  # bytes per writer; a larger one only makes a first load of 100,000 a little quicker
_FEW = 20_000  # documents up to which every term is looked up
# Documents that one look-up walks through beyond that, those of the rarest terms: they tell most.
_POSTINGS = 100_000
_SOUND = 0.3  # what a shared sound counts beside a shared character when phrases are looked for
_FIELDS = (("names", 1.0), ("sections", 0.4), ("words", 0.6))
_REMEMBERED = 20_000  # things worked out once that a view keeps at most; more would only fill the memory
_Terms = Iterable[tuple[str, str, float]]
_Place = tuple[int, int]  # a document's segment and number: they stay while a view lives


class View:
    """The shelf as it stood at one moment; a search uses one view from beginning to end."""

    def __init__(self, phrases: tantivy.Index, texts: tantivy.Index) -> None:
        self._phrases, self._texts = phrases.searcher(), texts.searcher()
        self._phrase_schema, self._text_schema = phrases.schema, texts.schema
        self._rarities: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        self.usual_length = _mean(self._texts, "length") or 1.0
        self._held: dict[str, Held] = {}
        self._vectors: dict[str, Weighed] = {}
        self._phrase_of: dict[_Place, tuple[str, str, str]] = {}
        self._key_of: dict[_Place, str] = {}

    def near_phrases(
        self, text_grams: Sequence[str], text_sounds: Sequence[str], limit: int
    ) -> list[tuple[str, str, str]]:
        """(key, phrase, what names its matter) of the names and questions nearest by BM25, best first."""
        terms = [("grams", gram, 1.0) for gram in dict.fromkeys(text_grams)]
        terms += [("sounds", sound, _SOUND) for sound in dict.fromkeys(text_sounds)]
        hits = _look_up(self._phrases, self._phrase_schema, terms, limit)
        return [self._phrase(address) for _, address in hits]

    def near_texts(
        self, text_grams: Sequence[str], words: Sequence[str], limit: int
    ) -> list[tuple[str, float]]:
        """(key, score) of the articles nearest by BM25 over titles, aliases and sections, best first."""
        terms = [
            (field, term, weight)
            for field, weight in _FIELDS
            for term in dict.fromkeys(words if field == "words" else text_grams)
        ]
        hits = _look_up(self._texts, self._text_schema, terms, limit)
        return [(self._key(address), float(score)) for score, address in hits]

    def rarity(self, gram: str) -> float:
        """The gram's inverse document frequency among the articles, from about 0 upwards."""
        return self._rareness(gram, ("names", "sections"))

    def word_rarity(self, word: str) -> float:
        """The same of a word."""
        return self._rareness(word, ("words",)) if len(word) > 1 else self.rarity(word)

    def _rareness(self, term: str, fields: tuple[str, ...]) -> float:
        known = self._rarities[fields]
        if term not in known:
            have = max(self._texts.doc_freq(field, term) for field in fields)
            total = max(self._texts.num_docs, have)
            known[term] = math.log(1 + (total - have + 0.5) / (have + 0.5))
        return known[term]

    def _phrase(self, address: tantivy.DocAddress) -> tuple[str, str, str]:
        place = (address.segment_ord, address.doc)
        if place not in self._phrase_of:
            _make_room(self._phrase_of)
            document = self._phrases.doc(address)
            phrase, core = document["phrase"][0].decode().split("\n")
            self._phrase_of[place] = (document["key"][0], phrase, core)
        return self._phrase_of[place]

    def _key(self, address: tantivy.DocAddress) -> str:
        place = (address.segment_ord, address.doc)
        if place not in self._key_of:
            _make_room(self._key_of)
            self._key_of[place] = self._texts.doc(address)["key"][0]
        return self._key_of[place]

    def entries(self) -> Iterator[Entry]:
        """All entries; for a folder that was filled by an earlier process."""
        everything = tantivy.Query.all_query()
        for start in range(0, self._texts.num_docs, _REMEMBERED):
            for _, address in self._texts.search(everything, _REMEMBERED, count=False, offset=start).hits:
                yield load(self._texts.doc(address)["entry"][0])

    def vector(self, phrase: str, core: str) -> Weighed:
        """The phrase as a vector."""
        if phrase not in self._vectors:
            _make_room(self._vectors)
            self._vectors[phrase] = weighed(phrase, self.rarity, core=core)
        return self._vectors[phrase]

    def held(self, key: str) -> Held | None:
        """The entry with that key, ready to be held against questions."""
        if key not in self._held:
            _make_room(self._held)
            query = tantivy.Query.term_query(self._text_schema, "key", key, "basic")
            hits = self._texts.search(query, 1, count=False).hits
            if not hits:
                return None
            self._held[key] = hold(load(self._texts.doc(hits[0][1])["entry"][0]))
        return self._held[key]


class Shelf:
    """Keeps entries by key. One writer at a time; views are read while it writes."""

    def __init__(self, path: Path | None, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._phrases = _open(path and path / "phrases", ("grams", "sounds"), "phrase")
        self._texts = _open(path and path / "texts", ("names", "sections", "words"), "entry")
        self._writers = (self._phrases.writer(_HEAP, 1), self._texts.writer(_HEAP, 1))
        self._lock = threading.Lock()
        self._view = View(self._phrases, self._texts)
        for entry in self._view.entries():
            vocabulary.learn(entry.names)

    def view(self) -> View:
        """The newest view."""
        return self._view

    def put(self, entries: Iterable[Entry]) -> None:
        """Add entries, or replace those with the same key; visible when it returns."""
        with self._writing():
            for entry in entries:
                self._forget(entry.key)
                self._vocabulary.learn(entry.names)
                self._add(entry)

    def remove(self, keys: Iterable[str]) -> None:
        """Drop the entries with these keys; unknown ones are ignored."""
        with self._writing():
            for key in keys:
                self._forget(key)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of it becomes visible, or none of it."""
        with self._lock:
            try:
                yield
            except BaseException:
                for writer in self._writers:
                    writer.rollback()
                raise
            self._commit()

    def _forget(self, key: str) -> None:
        for writer in self._writers:
            writer.delete_documents_by_term("key", key)

    def _add(self, entry: Entry) -> None:
        phrases, texts = self._writers
        for phrase in entry.phrases():
            terms = {"grams": [" ".join(grams(phrase))], "sounds": [" ".join(sounds(phrase))]}
            stored = f"{phrase}\n{strip(phrase)}".encode()
            phrases.add_document(tantivy.Document(key=[entry.key], phrase=[stored], **terms))
        document = tantivy.Document(
            key=[entry.key],
            entry=[dump(entry)],
            names=[" ".join(grams("\n".join(entry.names)))],
            sections=[" ".join(grams(entry.sections))],
            length=[sum(map(len, entry.names)) + len(entry.sections)],
            words=[" ".join(self._vocabulary.every_word(entry.everything()))],
        )
        texts.add_document(document)

    def _commit(self) -> None:
        for writer, index in zip(self._writers, (self._phrases, self._texts), strict=True):
            writer.commit()
            index.reload()
        self._view = View(self._phrases, self._texts)


def _open(folder: Path | None, searched: Sequence[str], stored: str) -> tantivy.Index:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field(stored, stored=True)
    builder.add_integer_field("length", fast=True)
    for name in searched:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    if folder is None:
        return tantivy.Index(builder.build())
    folder.mkdir(parents=True, exist_ok=True)
    return tantivy.Index(builder.build(), path=str(folder))


def _look_up(
    searcher: tantivy.Searcher, schema: tantivy.Schema, terms: _Terms, limit: int
) -> list[tuple[float, tantivy.DocAddress]]:
    wanted = []
    for field, value, weight in _affordable(searcher, list(terms)):
        query = tantivy.Query.term_query(schema, field, value, "freq")
        wanted.append(
            (tantivy.Occur.Should, query if weight == 1.0 else tantivy.Query.boost_query(query, weight))
        )
    if not wanted:
        return []
    return searcher.search(tantivy.Query.boolean_query(wanted), limit, count=False).hits


def _affordable(
    searcher: tantivy.Searcher, terms: list[tuple[str, str, float]]
) -> list[tuple[str, str, float]]:
    """The rarest of the terms, as many as `_POSTINGS` allows, and one in any case."""
    if searcher.num_docs <= _FEW:
        return terms
    counted = sorted(
        (searcher.doc_freq(field, value), place) for place, (field, value, _) in enumerate(terms)
    )
    walked = accumulate(count for count, _ in counted)
    kept = [place for (_, place), so_far in zip(counted, walked, strict=True) if so_far <= _POSTINGS]
    return [terms[place] for place in sorted(kept or [counted[0][1]])]


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()


def _mean(searcher: tantivy.Searcher, field: str) -> float:
    asked = {"mean": {"avg": {"field": field}}}
    return float(searcher.aggregate(tantivy.Query.all_query(), asked)["mean"]["value"] or 0.0)
