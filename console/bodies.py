"""How large what people send may be, where it is more than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from console.exchange_imports import DOCUMENT_BYTES, DOCUMENT_PATH, UPLOAD_BYTES, UPLOAD_PATH
from console.knowledge_files import UPLOAD_BYTES as FILE_BYTES
from console.knowledge_files import UPLOAD_PATH as FILE_PATH
from console.knowledge_forms import BODY_BYTES, PATH
from console.officer_import import IMPORT_BYTES, IMPORT_PATHS
from console.sent_files import SEND_BYTES, SEND_PATH

# Path -> bytes; one that ends in `/` is for all below it.
BODY_LIMITS: Mapping[str, int] = {
    UPLOAD_PATH: UPLOAD_BYTES,
    DOCUMENT_PATH: DOCUMENT_BYTES,
    FILE_PATH: FILE_BYTES,  # before the folder that it is in: the first counts
    PATH: BODY_BYTES,
    SEND_PATH: SEND_BYTES,
    **dict.fromkeys(IMPORT_PATHS, IMPORT_BYTES),
}
