"""Where conversations are kept: SQLite, PostgreSQL or Redis, told by a URL."""

from typing import Any, Dict, Tuple
from urllib.parse import unquote, urlsplit

from rasa.core.lock_store import InMemoryLockStore, LockStore, RedisLockStore
from rasa.core.tracker_store import RedisTrackerStore, SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain


def open_stores(url: str) -> Tuple[TrackerStore, LockStore]:
    """Return the tracker store at the URL and a lock store that fits it; raises ValueError on another scheme."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme in ("sqlite", "postgresql"):
        return SQLTrackerStore(Domain.empty(), host=url), InMemoryLockStore()
    if scheme in ("redis", "rediss"):
        place = redis_place(url)
        return RedisTrackerStore(Domain.empty(), **place), RedisLockStore(**place)
    raise ValueError(f"a tracker store is sqlite:///, postgresql:// or redis://, not {scheme or 'nothing'}://")


def redis_place(url: str) -> Dict[str, Any]:
    """Return Rasa's arguments for a Redis URL, `redis[s]://[user[:password]@]host[:port][/db]`."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 6379,
        "db": int(parts.path.strip("/") or 0),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_ssl": parts.scheme == "rediss",
    }
