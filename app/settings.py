"""Every setting of the product, from the environment or `.env`, each documented in docs/settings.md."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Literal

from limits import parse as parse_rate
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.scanning import scan_command
from connectors.oidc import Client
from connectors.telegram.account import webhook_problem
from connectors.webhooks.addresses import Allowed
from connectors.wechat.crypto import Account
from connectors.wechat.notices import Template
from connectors.wechat.scenes import read_scenes
from desk.desk import AttachmentLimits, Reminding
from staff.sessions import Policy
from store.workdays import OfficeHours
from tickets.conditions import Bounds
from tickets.limits import TimeLimits

ROOT = Path(__file__).resolve().parent.parent


class SettingsRefused(Exception):
    """A setting is missing or wrong; the message names its variable."""


class Settings(BaseSettings):
    """Read once at the start and passed down as values; nothing below `app` reads the environment."""

    model_config = SettingsConfigDict(env_prefix="QIFU_", env_file=".env", frozen=True, extra="ignore")

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = ROOT / "var"
    database: str = ""
    database_pool: int = 10
    models: Path = ROOT / "models"
    rasa_url: str = ""
    rasa_port: int = 5005
    rasa_token: SecretStr = SecretStr("")
    rasa_tracker: str = ""
    rasa_timeout_seconds: float = 10.0
    redis: str = ""
    office_hours: str = "09:00-12:00,13:00-17:30"
    staff_idle_minutes: int = Field(default=30, ge=1)
    ticket_limits: str = ""
    most_returns: int = Field(default=2, ge=1, le=10)
    call_tries: int = Field(default=3, ge=1, le=20)
    call_pause_hours: int = Field(default=2, ge=0, le=72)
    urge_pause_hours: int = Field(default=24, ge=0, le=240)
    rating_days: int = Field(default=7, ge=1, le=365)
    rating_after_minutes: int = Field(default=30, ge=0, le=300)
    remind_within_hours: int = Field(default=16, ge=0, le=400)
    supervise_after_days: int = Field(default=2, ge=0, le=60)
    criticise_after_days: int = Field(default=5, ge=0, le=60)
    remind_waiting_minutes: int = Field(default=10, ge=1, le=1440)
    remind_urgent_at_night: bool = False
    message_max_letters: int = 1000
    body_max_bytes: int = 64_000
    rate_per_conversation: str = "20/minute"
    rate_per_address: str = "120/minute"
    conversations_per_address: str = "30/hour"
    rate_per_system: str = "600/minute"
    webhook_networks: str = ""
    webhook_off_after_days: int = Field(default=5, ge=1, le=365)
    trusted_proxies: str = ""
    public_url: str = ""
    console_idle_minutes: int = Field(default=60, ge=1)
    console_session_hours: int = Field(default=12, ge=1)
    console_second_factor: Literal["", "optional", "admins", "everyone"] = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_claim: str = "preferred_username"
    oidc_name: str = "统一身份认证"
    wechat_app_id: str = ""
    wechat_app_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_aes_key_previous: SecretStr = SecretStr("")
    wechat_mode: Literal["plaintext", "compatible", "secure"] = "secure"
    wechat_can_reply_later: bool = True
    wechat_ticket_template: str = ""
    wechat_ticket_template_fields: str = "number=character_string1,state=phrase2,date=time3"
    wechat_scenes: str = ""
    wechat_unsubscribe_grace_hours: float = Field(default=24.0, ge=0, le=720)
    wechat_api_url: str = "https://api.weixin.qq.com"
    telegram_token: SecretStr = SecretStr("")
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_proxy: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    attachment_max_bytes: int = Field(default=20_971_520, gt=0)
    attachments_per_day: int = Field(default=20, ge=0)
    attachment_scan: str = ""
    knowledge_four_eyes: bool = True
    keep_tickets_days: int = Field(default=1095, ge=0, le=36500)
    tell_answer_days: int = Field(default=30, ge=1, le=365)
    reopen_after: int = Field(default=3, ge=1, le=1000)
    keep_models: int = Field(default=5, ge=2, le=100)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("office_hours")
    @classmethod
    def _office_hours_are_spans(cls, value: str) -> str:
        OfficeHours.parse(value)
        return value

    @field_validator("ticket_limits")
    @classmethod
    def _ticket_limits_are_limits(cls, value: str) -> str:
        TimeLimits.parse(value)
        return value

    @field_validator("attachment_scan")
    @classmethod
    def _scan_is_a_command(cls, value: str) -> str:
        if value:
            scan_command(value)
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _networks_are_some(cls, value: str) -> str:
        Allowed.parse(value)
        return value

    @field_validator("rate_per_system")
    @classmethod
    def _rate_is_one(cls, value: str) -> str:
        parse_rate(value)
        return value

    @model_validator(mode="after")
    def _secrets_are_set(self) -> Settings:
        if self.environment != "development" and not self.rasa_token.get_secret_value():
            raise ValueError("QIFU_RASA_TOKEN has no value: outside development every secret must be set")
        return self

    @model_validator(mode="after")
    def _wechat_is_whole(self) -> Settings:
        if self.wechat_app_id:
            needed = {"QIFU_WECHAT_TOKEN": self.wechat_token}
            if self.wechat_mode != "plaintext":
                needed["QIFU_WECHAT_AES_KEY"] = self.wechat_aes_key
            if self.wechat_can_reply_later:
                needed["QIFU_WECHAT_APP_SECRET"] = self.wechat_app_secret
            for name, value in needed.items():
                if not value.get_secret_value():
                    raise ValueError(f"{name} has no value: QIFU_WECHAT_APP_ID is set")
            self.wechat_account()
        try:
            read_scenes(self.wechat_scenes)
        except ValueError as error:
            raise ValueError(f"QIFU_WECHAT_SCENES: {error}") from error
        if self.wechat_template() and not self.wechat_can_reply_later:
            raise ValueError(
                "QIFU_WECHAT_TICKET_TEMPLATE: an account that can only reply has no template messages"
            )
        return self

    @model_validator(mode="after")
    def _telegram_is_whole(self) -> Settings:
        if self.telegram_token.get_secret_value() and self.telegram_webhook_url:
            secret = self.telegram_webhook_secret.get_secret_value()
            if problem := webhook_problem(self.telegram_webhook_url, secret):
                raise ValueError(f"QIFU_TELEGRAM_WEBHOOK_URL, QIFU_TELEGRAM_WEBHOOK_SECRET: {problem}")
        return self

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Settings:
        if not self.oidc_issuer:
            return self
        needed = {
            "QIFU_OIDC_CLIENT_ID": self.oidc_client_id,
            "QIFU_OIDC_CLIENT_SECRET": self.oidc_client_secret.get_secret_value(),
            "QIFU_OIDC_CLAIM": self.oidc_claim,
            "QIFU_OIDC_NAME": self.oidc_name,
            "QIFU_PUBLIC_URL": self.public_url,
        }
        for name, value in needed.items():
            if not value:
                raise ValueError(f"{name} has no value: QIFU_OIDC_ISSUER is set")
        schemes = "https?" if self.environment == "development" else "https"
        if not re.fullmatch(rf"{schemes}://[^\s?#]+", self.oidc_issuer):
            raise ValueError("QIFU_OIDC_ISSUER: an address like https://id.example.cn is needed")
        return self

    @field_validator("public_url")
    @classmethod
    def _public_url_is_one(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", value):
            raise ValueError("an address like https://qifu.example.cn is needed")
        return value.rstrip("/")

    def rating_after(self) -> timedelta | None:
        """So long after its last message a talk with the bot is to be rated; None: it is not asked for."""
        return timedelta(minutes=self.rating_after_minutes) if self.rating_after_minutes else None

    def attachment_limits(self) -> AttachmentLimits:
        """What is taken of the files that people send."""
        return AttachmentLimits(self.attachment_max_bytes, self.attachments_per_day)

    def bounds(self) -> Bounds:
        """How often a ticket is returned, called back and urged, and how soon again."""
        return Bounds(
            most_returns=self.most_returns,
            call_tries=self.call_tries,
            call_pause=timedelta(hours=self.call_pause_hours),
            urge_pause=timedelta(hours=self.urge_pause_hours),
        )

    def reminding(self) -> Reminding:
        """When staff are reminded."""
        return Reminding(
            within=timedelta(hours=self.remind_within_hours),
            supervise_after=self.supervise_after_days,
            criticise_after=self.criticise_after_days,
            waiting=timedelta(minutes=self.remind_waiting_minutes),
            urgent_at_night=self.remind_urgent_at_night,
        )

    def wechat_account(self) -> Account:
        """The Official Account. Raises `ValueError` where a value cannot be right."""
        keys = (self.wechat_aes_key.get_secret_value(), self.wechat_aes_key_previous.get_secret_value())
        return Account(
            token=self.wechat_token.get_secret_value(),
            app_id=self.wechat_app_id,
            aes_keys=tuple(key for key in keys if key),
            mode=self.wechat_mode,
        )

    def sign_in_policy(self) -> Policy:
        """How long members of staff stay signed in, and who needs a second factor."""
        by_default: Literal["optional", "admins"] = (
            "optional" if self.environment == "development" else "admins"
        )
        return Policy(
            idle=timedelta(minutes=self.console_idle_minutes),
            absolute=timedelta(hours=self.console_session_hours),
            second_factor=self.console_second_factor or by_default,
            secret=hashlib.sha256(b"qifu console forms:" + self.token().encode()).digest(),
        )

    def oidc_client(self) -> Client | None:
        """How the city's identity service knows us, if there is one."""
        if not self.oidc_issuer:
            return None
        return Client(
            issuer=self.oidc_issuer,
            id=self.oidc_client_id,
            secret=self.oidc_client_secret.get_secret_value(),
            claim=self.oidc_claim,
            name=self.oidc_name,
            back=f"{self.public_url}/console/sign-in/single/back",
            after=f"{self.public_url}/console/sign-in?said=out",
        )

    def wechat_template(self) -> Template | None:
        """The template for news of tickets, if any. Raises `ValueError` where its fields cannot be right."""
        if not self.wechat_ticket_template:
            return None
        return Template.of(self.wechat_ticket_template, self.wechat_ticket_template_fields)

    def database_url(self) -> str:
        """The database; by default a SQLite file in the data folder."""
        return self.database or f"sqlite:///{self.data / 'qifu.db'}"

    def tracker_url(self) -> str:
        """Where Rasa keeps its conversations; by default a SQLite file in the data folder."""
        return self.rasa_tracker or f"sqlite:///{self.data / 'rasa.db'}"

    def attachments_folder(self) -> Path:
        """Where the files that people sent are kept."""
        return self.data / "attachments"

    def actions_url(self) -> str:
        """Where Rasa calls the custom actions."""
        return f"http://127.0.0.1:{self.port}/bot/actions"

    def token(self) -> str:
        """The secret shared with Rasa: the setting, or in development one made once and kept in the data folder."""
        if given := self.rasa_token.get_secret_value():
            return given
        file = self.data / "rasa.token"
        if not file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(32))
        return file.read_text(encoding="utf-8").strip()


def load_settings() -> Settings:
    """The settings. Raises `SettingsRefused` naming the variable."""
    try:
        return Settings()
    except ValidationError as error:
        names = []
        for item in error.errors():
            where = "QIFU_" + "_".join(str(part) for part in item["loc"]).upper() if item["loc"] else ""
            names.append(f"{where}: {item['msg']}" if where else item["msg"])
        raise SettingsRefused("; ".join(names)) from error
