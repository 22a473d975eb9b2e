"""An OpenID provider (OpenID Connect Core 1.0): the authorization code flow with PKCE (RFC 7636), state and nonce."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from staff.identity import IdentityFailed, Returned, Started
from store.clock import Clock

# Never "none", and nothing that is signed with the client's own secret.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_DISCOVERY = "/.well-known/openid-configuration"
_KEPT_SECONDS = 3600.0
_SECONDS = 10.0
_LEEWAY = 60
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us as, and what staff call it (`name`).

    `claim`: which of its claims is the user name here; `back`: our address for its answer; `after`: and after signing out.
    """

    issuer: str
    id: str
    secret: str = field(repr=False)
    claim: str
    name: str
    back: str
    after: str


@dataclass(slots=True)
class Provider:
    """The `IdentityService` port. What it says of itself is read when it is first needed, and again after an hour."""

    client: Client
    clock: Clock
    ticks: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the sign-in page calls it."""
        return self.client.name

    async def start(self) -> Started:
        """Begin. Raises `IdentityFailed`."""
        described = await _guarded(self._described)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.back,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return Started(_with(described["authorization_endpoint"], query), state, nonce, verifier)

    async def finish(self, started: Started, returned: Returned) -> str:
        """The user name that the provider vouches for. Raises `IdentityFailed`."""
        if (
            returned.issuer and returned.issuer != self.client.issuer
        ):  # RFC 9207: the answer of another provider
            raise IdentityFailed(f"an answer of {returned.issuer}")
        return await _guarded(lambda: self._name(started, returned.code))

    async def farewell(self) -> str | None:
        """Where the browser signs out there (OpenID Connect RP-Initiated Logout 1.0)."""
        try:
            endpoint = (await _guarded(self._described)).get("end_session_endpoint")
        except IdentityFailed:
            return None
        query = {"client_id": self.client.id, "post_logout_redirect_uri": self.client.after}
        return _with(endpoint, query) if endpoint else None

    async def _name(self, started: Started, code: str) -> str:
        described = await self._described()
        async with _http() as http:
            answer = await http.post(
                described["token_endpoint"], **self._token_request(described, started, code)
            )
            tokens = _read(answer)
            claims = await self._claims(described, tokens, started.nonce)
            name = claims.get(self.client.claim)
            if name is None and "userinfo_endpoint" in described:
                bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
                told = _read(await http.get(described["userinfo_endpoint"], headers=bearer))
                if told.get("sub") != claims["sub"]:
                    raise IdentityFailed("userinfo speaks of somebody else")
                name = told.get(self.client.claim)
        if not isinstance(name, str) or not name.strip():
            raise IdentityFailed(f"no claim {self.client.claim}")
        return name

    def _token_request(self, described: Mapping[str, Any], started: Started, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.back,
            "code_verifier": started.verifier,
        }
        ways = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in ways:
            pair = (quote(self.client.id, safe=""), quote(self.client.secret, safe=""))
            return {"data": form, "auth": httpx.BasicAuth(*pair)}
        return {"data": {**form, "client_id": self.client.id, "client_secret": self.client.secret}}

    async def _claims(
        self, described: Mapping[str, Any], tokens: Mapping[str, Any], nonce: str
    ) -> Mapping[str, Any]:
        try:
            token = jwt.decode(tokens["id_token"], await self._keys(described), algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError):
            # Signed with a key that is newer than what we have kept.
            self._kept.pop(described["jwks_uri"], None)
            token = jwt.decode(tokens["id_token"], await self._keys(described), algorithms=list(_ALGORITHMS))
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": self.client.issuer},
                "aud": {"essential": True, "value": self.client.id},
            },
            params={"nonce": nonce, "client_id": self.client.id, "access_token": tokens["access_token"]},
        )
        claims.validate(now=int(self.clock().timestamp()), leeway=_LEEWAY)
        return dict(claims)

    async def _described(self) -> Mapping[str, Any]:
        described = await self._fetched(self.client.issuer.rstrip("/") + _DISCOVERY)
        if described.get("issuer") != self.client.issuer:
            raise IdentityFailed(f"the provider calls itself {described.get('issuer')}")
        for name in _NEEDED:
            if not isinstance(described.get(name), str):
                raise IdentityFailed(f"the provider has no {name}")
        secure = urlsplit(self.client.issuer).scheme == "https"
        for name in (*_NEEDED, "userinfo_endpoint", "end_session_endpoint"):
            if secure and urlsplit(described.get(name, "https:")).scheme != "https":
                raise IdentityFailed(f"{name} is not https")
        return described

    async def _keys(self, described: Mapping[str, Any]) -> KeySet:
        return KeySet.import_key_set(await self._fetched(described["jwks_uri"]))  # type: ignore[arg-type]

    async def _fetched(self, url: str) -> Mapping[str, Any]:
        kept = self._kept.get(url)
        if kept is None or self.ticks() - kept[0] > _KEPT_SECONDS:
            async with _http() as http:
                kept = self._kept[url] = (self.ticks(), _read(await http.get(url)))
        return kept[1]


async def _guarded(work: Callable[[], Awaitable[_Value]]) -> _Value:
    try:
        return await work()
    except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IdentityFailed(f"{type(error).__name__}: {error}") from error


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_SECONDS, trust_env=False)


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    """What it answered, an object. Raises `IdentityFailed` with what an OAuth error calls itself, and nothing that is secret."""
    body = answer.json() if "json" in answer.headers.get("content-type", "") else None
    if answer.status_code != 200 or not isinstance(body, dict):
        said = body.get("error", "") if isinstance(body, dict) else ""
        raise IdentityFailed(f"{answer.request.url.path}: {answer.status_code} {said}")
    return body


def _with(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
