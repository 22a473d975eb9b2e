"""`POST /bot/actions`: where Rasa calls the custom actions, over the loopback interface with a shared token."""

from __future__ import annotations

import hmac
import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor

from bot.actions.answers import Answer, Unsolved
from bot.actions.intake import AskIntake, CloseIntake, HearIntake, OpenIntake
from bot.actions.learning import TellMe, TellMeNot
from bot.actions.people import HandOff, Rate
from bot.actions.privacy import wishes
from bot.actions.tickets import AskTicket, CloseTicket, HearTicket
from desk.desk import Desk
from desk.intake.form import CANCELLING, SUMMARY

ACTIONS_PATH = "/bot/actions"
ACTIONS_MAX_BYTES = 2_000_000  # a call carries the slots of a whole form and the events of a turn


def action_router(desk: Desk, token: str) -> APIRouter:
    """The route, for the holder of the token."""
    router = APIRouter()
    executor = _executor(desk)
    expected = f"Bearer {token}".encode()

    @router.post(ACTIONS_PATH, include_in_schema=False)
    async def run_action(request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return JSONResponse({"error": "token missing or wrong"}, status_code=401)
        call: dict[str, Any] = json.loads(await request.body())
        result = await executor.run(call)
        return JSONResponse(result.model_dump() if result is not None else {"events": [], "responses": []})

    return router


def _executor(desk: Desk) -> ActionExecutor:
    executor = ActionExecutor()
    fields = (*desk.intake.fields, SUMMARY, CANCELLING)
    for action in (
        Answer(desk),
        Unsolved(desk),
        OpenIntake(desk),
        HearIntake(desk),
        *(AskIntake(desk, field) for field in fields),
        CloseIntake(desk),
        HearTicket(desk),
        *(AskTicket(desk, what) for what in ("number", "tail", "note", "sure")),
        CloseTicket(desk),
        HandOff(desk),
        Rate(desk),
        *wishes(desk),
        TellMe(desk),
        TellMeNot(desk),
    ):
        executor.register_action(action)
    return executor
