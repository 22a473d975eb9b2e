"""The whole product as one ASGI application."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from app.front import Front
from app.loops import (
    ask_ratings,
    clear_old_tickets,
    deliver_pending,
    erase_leavers,
    fetch_attachments,
    keep_knowledge,
    learn,
    place_arrivals,
    push_webhooks,
    remind_staff,
    ring_clocks,
    send_notices,
    take_waiting_turns,
    train_when_asked,
)
from app.rasa_process import RasaProcess
from app.scanning import CommandScan
from app.settings import Settings
from app.telegram import Telegram, connect_telegram
from app.telegram import running as telegram_running
from app.trainer import Trainer
from app.wechat import WeChat, connect_wechat
from bot.actions.routes import ACTIONS_MAX_BYTES, ACTIONS_PATH, action_router
from connectors.oidc import Provider
from connectors.rasa.client import RasaDialogue
from connectors.telegram.routes import PATH as TELEGRAM_PATH
from connectors.web.api import conversation_router
from connectors.web.articles import article_router
from connectors.web.bodies import BodyLimit
from connectors.web.limits import Limits
from connectors.web.pages import mount_static, page_router
from connectors.web.problems import add_problem_handlers
from connectors.web.public import public_router
from connectors.web.sitemap import sitemap_router
from connectors.web.tokens import Tokens
from connectors.webhooks.addresses import Allowed
from connectors.webhooks.posting import Postman
from connectors.wechat.routes import PATH as WECHAT_PATH
from console.bodies import BODY_LIMITS
from console.pages import mount_static as mount_console_static
from console.router import console_router
from conversations.outbox import paused
from desk.city import PINGDINGSHAN
from desk.desk import Desk, Learning
from desk.fetching import Fetcher
from desk.intake.form import Intake
from desk.journal import Journal
from desk.knowledge_gate import Gates, gates
from desk.ports import Channel, Fetching
from desk.pushing import Pusher
from knowledge.library import Library
from knowledge.search.confidence import read_calibration
from knowledge.search.index import Index
from staff.passwords import Hashing
from staff.sign_in import Door
from store.clock import Clock, utc_now
from store.database import Database
from store.files import Files
from store.ids import new_id
from store.workdays import OfficeHours
from tickets.limits import TimeLimits


def create_app(
    settings: Settings,
    *,
    rasa: RasaProcess | None = None,
    clock: Clock = utc_now,
    channels: Sequence[Channel] = (),
) -> FastAPI:
    """Build everything. `rasa`: the child process to run; None where Rasa runs elsewhere. `channels`: the ways out."""
    database = Database(settings.database_url(), pool_size=settings.database_pool)
    dialogue = RasaDialogue(
        settings.rasa_url or f"http://127.0.0.1:{settings.rasa_port}",
        settings.token(),
        timeout_seconds=settings.rasa_timeout_seconds,
    )
    calibration = read_calibration()
    desk = Desk(
        database=database,
        library=Library(database, Index(calibration=calibration)),
        calibration=calibration,
        dialogue=dialogue,
        clock=clock,
        new_id=new_id,
        city=PINGDINGSHAN,
        intake=Intake(PINGDINGSHAN),
        office_hours=OfficeHours.parse(settings.office_hours),
        limits=TimeLimits.parse(settings.ticket_limits),
        attachments=settings.attachment_limits(),
        learning=Learning(settings.tell_answer_days, settings.reopen_after),
        reminding=settings.reminding(),
        keep_tickets=timedelta(days=settings.keep_tickets_days),
        rating_window=timedelta(days=settings.rating_days),
        rating_after=settings.rating_after(),
        bounds=settings.bounds(),
        knowledge_four_eyes=settings.knowledge_four_eyes,
        public_url=settings.public_url.rstrip("/"),
        link_key=hashlib.sha256(b"qifu link codes:" + settings.token().encode()).digest(),
    )
    stopping = asyncio.Event()
    journal = Journal(desk)
    wechat = connect_wechat(settings, desk, journal)
    channels = (*channels, wechat.channel) if wechat else channels
    telegram = connect_telegram(settings, desk, journal)
    channels = (*channels, telegram.channel) if telegram else channels
    fetchers = _fetchers(settings, desk, wechat, telegram)
    trainer = _trainer(settings, desk, rasa, dialogue) if rasa else None
    postman = Postman(Allowed.parse(settings.webhook_networks), clock)
    pusher = Pusher(desk, postman, random.random, timedelta(days=settings.webhook_off_after_days))
    replaying = gates(desk)
    app = FastAPI(
        title="平顶山企业服务助手",
        version="0.1.0",
        lifespan=_lifespan(
            desk,
            dialogue,
            rasa,
            stopping,
            channels,
            wechat,
            telegram,
            timedelta(minutes=settings.staff_idle_minutes),
            fetchers,
            trainer,
            pusher,
            journal,
            replaying,
            Files(settings.attachments_folder()),
        ),
    )
    app.state.desk = desk
    app.state.telegram = telegram
    app.state.stopping = stopping
    limits = Limits(
        per_conversation=settings.rate_per_conversation,
        per_address=settings.rate_per_address,
        conversations=settings.conversations_per_address,
        per_system=settings.rate_per_system,
        redis=settings.redis,
    )
    _take(
        app,
        conversation_router(
            desk,
            Tokens(settings.token()),
            limits,
            max_letters=settings.message_max_letters,
            stopping=stopping,
        ),
    )
    _take(app, public_router(desk, limits))
    _take(app, action_router(desk, settings.token()))
    _take(app, page_router(PINGDINGSHAN.name))
    files = Files(settings.attachments_folder())
    _take(app, article_router(desk, settings.public_url, files))
    _take(app, sitemap_router(desk, settings.public_url))
    client = settings.oidc_client()
    identity = Provider(client, clock) if client else None
    door = Door(database, Hashing(), settings.sign_in_policy(), clock, new_id, identity)
    _take(
        app,
        console_router(
            desk,
            door,
            secure=settings.environment != "development",
            stopping=stopping,
            files=files,
            scan=_scan(settings),
            replaying=replaying,
        ),
    )
    mount_static(app)
    mount_console_static(app)
    posts: dict[str, ASGIApp] = {}
    if wechat:
        _take(app, wechat.router)
        posts[WECHAT_PATH] = wechat.router
    if telegram and telegram.router:
        _take(app, telegram.router)
        posts[TELEGRAM_PATH] = telegram.router
    others = {ACTIONS_PATH: ACTIONS_MAX_BYTES, **BODY_LIMITS}
    app.add_middleware(BodyLimit, most=settings.body_max_bytes, others=others)
    app.add_middleware(Front, posts=posts)
    add_problem_handlers(app, body_max_bytes=settings.body_max_bytes)
    _add_health(app, desk, dialogue, rasa)
    return app


def _take(app: FastAPI, router: APIRouter) -> None:
    """Its routes as they are: `include_router` would make all of them a second time, while the first request waits."""
    app.router.routes.extend(router.routes)


def _lifespan(
    desk: Desk,
    dialogue: RasaDialogue,
    rasa: RasaProcess | None,
    stopping: asyncio.Event,
    channels: Sequence[Channel],
    wechat: WeChat | None,
    telegram: Telegram | None,
    staff_idle: timedelta,
    fetchers: Sequence[Fetcher],
    trainer: Trainer | None,
    pusher: Pusher,
    journal: Journal,
    replaying: Gates,
    files: Files,
) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await desk.library.refresh()
        # Dictionaries, articles and their vectors stay to the end: the garbage collector need not walk them again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        loops = (
            place_arrivals(journal),
            take_waiting_turns(desk),
            ring_clocks(desk, staff_idle),
            ask_ratings(desk),
            remind_staff(desk),
            erase_leavers(desk),
            clear_old_tickets(desk, files),
            learn(desk),
            push_webhooks(pusher),
            keep_knowledge(desk, replaying),
        )
        # What a process left when it died comes before what comes now.
        await journal.sweep(older=timedelta(0))
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(loop) for loop in loops]
        if rasa is not None:
            tasks.append(asyncio.create_task(rasa.watch()))
        if trainer is not None:
            tasks.append(asyncio.create_task(train_when_asked(trainer)))
        if wechat is not None and wechat.notices is not None:
            tasks.append(asyncio.create_task(send_notices(wechat.notices)))
        fetching = [asyncio.create_task(fetch_attachments(fetcher)) for fetcher in fetchers]
        sending = deliver_pending(desk, channels, random.random, stopping) if channels else None
        delivery = asyncio.create_task(sending) if sending else None
        running = AsyncExitStack()
        if telegram is not None:
            await running.enter_async_context(telegram_running(telegram))
        yield
        stopping.set()
        desk.to_send.set()
        if delivery is not None:
            await delivery
        # Before the connections of the channels are closed.
        await _ended(fetching)
        await running.aclose()
        # Before what they work with is closed.
        await _ended(tasks)
        if wechat is not None:
            await wechat.close()
        await dialogue.close()
        await desk.database.close()

    return lifespan


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def _trainer(settings: Settings, desk: Desk, rasa: RasaProcess, dialogue: RasaDialogue) -> Trainer:
    return Trainer(
        desk,
        rasa,
        dialogue,
        models=settings.models,
        keep=settings.keep_models,
        token=settings.token(),
        examples=rasa.examples,
    )


def _fetchers(
    settings: Settings, desk: Desk, wechat: WeChat | None, telegram: Telegram | None
) -> list[Fetcher]:
    """What brings the files that people sent, one for each channel: none holds another up."""
    giving: list[Fetching | None] = [wechat.files if wechat else None, telegram.files if telegram else None]
    files = Files(settings.attachments_folder())
    return [Fetcher(desk, channel, files, _scan(settings), random.random) for channel in giving if channel]


def _scan(settings: Settings) -> CommandScan | None:
    return CommandScan(settings.attachment_scan) if settings.attachment_scan else None


def _add_health(app: FastAPI, desk: Desk, dialogue: RasaDialogue, rasa: RasaProcess | None) -> None:
    @app.get("/health", tags=["operation"])
    async def health() -> JSONResponse:
        """Whether turns can be taken; 503 while the dialogue model is away."""
        ready = await dialogue.ready()
        if ready and rasa is not None:
            rasa.state = "running"
        body = {
            "status": "ok" if ready else "degraded",
            "dialogue": "running" if ready else (rasa.state if rasa else "unreachable"),
            "restarts": rasa.restarts if rasa else 0,
            "paused": await _paused(desk),
        }
        return JSONResponse(body, 200 if ready else 503)


async def _paused(desk: Desk) -> list[str]:
    """The channels through which nothing is sent at this moment; none where the database does not tell."""
    try:
        async with desk.database.read() as session:
            return [one.channel for one in await paused(session, desk.clock())]
    except SQLAlchemyError:
        return []
