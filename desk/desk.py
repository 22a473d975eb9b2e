"""What every use case works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta

from desk.city import City
from desk.intake.form import Intake
from desk.ports import Dialogue
from knowledge.library import Library
from knowledge.search.confidence import Calibration
from store.clock import Clock, city_date
from store.database import Database
from store.ids import NewId
from store.workdays import OfficeHours
from systems.signing import Secrets
from tickets.conditions import Bounds
from tickets.limits import TimeLimits


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """What is taken of a file, in bytes, and how many within 24 hours of one person."""

    most_bytes: int = 20 * 1024 * 1024
    a_day: int = 20


@dataclass(frozen=True, slots=True)
class Learning:
    """`tell_days`: so long after asking somebody is told the answer; `reopen_after`: asked again so often, what was
    decided is open again."""

    tell_days: int = 30
    reopen_after: int = 3


@dataclass(frozen=True, slots=True)
class Reminding:
    """When staff are reminded.

    `within`: office hours before a limit is over; `supervise_after`: working days late, before a ticket is put under
    supervision; `criticise_after`: working days late, once it was urged, before it is criticised in writing;
    `waiting`: how long an enterprise waits for a person before those on duty are told; `urgent_at_night`: urgent
    tickets are told of outside office hours, too.
    """

    within: timedelta = timedelta(hours=16)
    supervise_after: int = 2
    criticise_after: int = 5
    waiting: timedelta = timedelta(minutes=10)
    urgent_at_night: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts, put together once in `app.create_app`."""

    database: Database
    library: Library
    calibration: Calibration
    dialogue: Dialogue
    clock: Clock
    new_id: NewId
    city: City
    intake: Intake
    office_hours: OfficeHours
    # One-time codes are made and kept with it: the same in all processes, and nowhere in the database.
    link_key: bytes
    limits: TimeLimits = field(default_factory=TimeLimits)
    # A person who comes back after so long begins a new talk; a half-filled form waits much longer.
    talk_idle: timedelta = timedelta(hours=6)
    form_idle: timedelta = timedelta(days=30)
    # A turn that takes longer than this has died with its process.
    turn_lease: timedelta = timedelta(seconds=30)
    attachments: AttachmentLimits = AttachmentLimits()
    # So long a rating may be given, and changed after it was given.
    rating_window: timedelta = timedelta(days=7)
    # A talk with the bot that has been silent for so long is over, and a rating is asked for; None: it never is.
    rating_after: timedelta | None = timedelta(minutes=30)
    bounds: Bounds = field(default_factory=Bounds)
    learning: Learning = Learning()
    reminding: Reminding = Reminding()
    # So long after its closing a ticket keeps who it was and what they wrote.
    keep_tickets: timedelta = timedelta(days=1095)
    # Whether an article is approved by another person than those who wrote in it.
    knowledge_four_eyes: bool = True
    # Where the internet sees our pages, without a slash at the end; empty where it does not.
    public_url: str = ""
    # A hint to this process's delivery that something may be due; the database is the truth.
    to_send: asyncio.Event = field(default_factory=asyncio.Event)

    def webhook_secrets(self) -> Secrets:
        """The secrets that sign what is pushed to other systems, derived from the same key for a purpose of their own."""
        return Secrets(self.link_key)

    def today(self) -> date:
        """The city's calendar day."""
        return city_date(self.clock())
