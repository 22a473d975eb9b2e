"""Identifiers: version 7, in order of time, unlike one another."""

from __future__ import annotations

import uuid

from hypothesis import assume, given
from hypothesis import strategies as st

from store.ids import new_id, uuid7

MOMENTS = st.integers(0, (1 << 48) - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(MOMENTS, RANDOM)
def test_an_id_is_a_uuid_of_version_7_that_holds_its_moment(milliseconds: int, randomness: bytes) -> None:
    made = uuid7(milliseconds, randomness)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds


@given(MOMENTS, MOMENTS, RANDOM, RANDOM)
def test_ids_sort_by_their_moments(one: int, other: int, some: bytes, more: bytes) -> None:
    assume(one != other)
    assert (uuid7(one, some).hex < uuid7(other, more).hex) is (one < other)


def test_a_new_id_is_32_hex_digits_and_no_other_has_it() -> None:
    made = {new_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(text) == 32 and uuid.UUID(text).version == 7 for text in made)
