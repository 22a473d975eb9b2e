"""Other people's libraries of Standard Webhooks read our signatures, and no wrong one is ever made."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import standardwebhooks.webhooks
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from desk.desk import Desk
from desk.systems import end_previous_secret, rotate_secret, switch_subscription
from staff.actors import COMMAND_LINE
from systems.errors import MovedOn
from systems.models import Push
from tests.connectors.webhook_line import WEEK, Line, connected
from tests.fakes import HandClock
from tests.peers.node import PEERS, node
from tests.systems.filing import file


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Line]:
    """Another system that listens."""
    async with connected(desk) as line:
        yield line


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch, clock: HandClock) -> None:
    """The other people's library takes its time from the tests' clock: it refuses old signatures."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return clock()

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Standing)


@pytest.mark.usefixtures("standing_clock")
async def test_the_library_of_standard_webhooks_for_python_reads_our_signature(line: Line) -> None:
    await line.subscribe()
    await file(line.desk, district="卫东区")
    await line.push()
    got = line.receiver.received[0]
    assert Webhook(line.secret).verify(got.body.decode(), got.headers) == got.event
    with pytest.raises(WebhookVerificationError):
        Webhook(line.secret).verify(got.body.decode() + " ", got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(got.body.decode(), got.headers)


async def test_the_library_of_standard_webhooks_for_node_reads_our_signature(
    line: Line, clock: HandClock
) -> None:
    program = node("standardwebhooks")
    await line.subscribe()
    await file(line.desk)
    await line.push()
    got = line.receiver.received[0]
    asked = {
        "secret": line.secret,
        "headers": got.headers,
        "body": got.body.decode(),
        "now": clock().timestamp(),
    }
    for given, expected in ((asked, "right"), ({**asked, "body": "{}"}, "wrong")):
        ran = subprocess.run(
            [program, str(Path(PEERS) / "webhook.mjs")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert ran.stdout.strip() == expected, ran.stderr


@pytest.mark.usefixtures("standing_clock")
async def test_after_a_change_both_secrets_count_for_a_week(line: Line, clock: HandClock) -> None:
    await line.subscribe()
    old = line.secret
    _, new = await rotate_secret(line.desk, COMMAND_LINE, line.id, generation=1)
    with pytest.raises(MovedOn):
        await rotate_secret(line.desk, COMMAND_LINE, line.id, generation=1)
    await file(line.desk)
    await line.push()
    got = line.receiver.received[-1]
    assert new != old
    for secret in (old, new):
        Webhook(secret).verify(got.body.decode(), got.headers)
    clock.advance(WEEK)
    await file(line.desk, 2)
    await line.push()
    got = line.receiver.received[-1]
    Webhook(new).verify(got.body.decode(), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(got.body.decode(), got.headers)


@pytest.mark.usefixtures("standing_clock")
async def test_the_former_secret_can_be_ended_at_once(line: Line) -> None:
    await line.subscribe()
    old = line.secret
    await rotate_secret(line.desk, COMMAND_LINE, line.id, generation=1)
    await end_previous_secret(line.desk, COMMAND_LINE, line.id, generation=2)
    await file(line.desk)
    await line.push()
    got = line.receiver.received[-1]
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(got.body.decode(), got.headers)


async def test_with_another_key_nothing_is_signed_wrongly(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    line.pusher.desk = replace(line.desk, link_key=b"another key")
    await line.push()
    row = await line.subscription()
    assert line.receiver.received == []
    assert row.off_at is not None and "密钥" in row.off_reason
    assert await line.states() == [Push.PENDING]
    await rotate_secret(line.pusher.desk, COMMAND_LINE, line.id, generation=1)
    await switch_subscription(line.desk, COMMAND_LINE, line.id, on=True)
    await line.push()
    assert line.receiver.told() == ["ticket.submitted"]
