"""The city's calendar day of a moment, reckoned by the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from store.clock import CITY_ZONE


class _CityDay(FunctionElement[date]):
    type = Date()
    inherit_cache = True


def city_day(column: InstrumentedAttribute[datetime]) -> _CityDay:
    """The day of a column's moments, as `store.clock.city_date` reckons it; for grouping."""
    return _CityDay(column)


@compiles(_CityDay, "sqlite")
def _on_sqlite(element: _CityDay, compiler: SQLCompiler, **options: Any) -> str:
    # The zone has kept this distance since 1991, without summer time.
    return f"date({compiler.process(element.clauses, **options)}, '+8 hours')"


@compiles(_CityDay, "postgresql")
def _on_postgresql(element: _CityDay, compiler: SQLCompiler, **options: Any) -> str:
    return f"(({compiler.process(element.clauses, **options)}) AT TIME ZONE '{CITY_ZONE.key}')::date"
