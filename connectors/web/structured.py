"""An article as schema.org FAQPage: what search engines read of it."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from knowledge.article import ASPECT_NAMES, Article

# Within a script element nothing may look like its end, nor like a comment.
_INSIDE_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def faq(article: Article, address: str) -> Markup:
    """JSON-LD, safe within `<script type="application/ld+json">`: a data block, which a strict CSP lets be."""
    page: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "@id": address,
        "name": article.title,
        "inLanguage": "zh-CN",
        "dateModified": article.checked_on.isoformat(),
        "citation": [source.name() for source in article.sources],
        "mainEntity": [
            {
                "@type": "Question",
                "name": f"{article.title}：{ASPECT_NAMES[aspect]}",
                "acceptedAnswer": {"@type": "Answer", "text": article.text(aspect)},
            }
            for aspect in article.aspects()
        ],
    }
    return Markup(json.dumps(page, ensure_ascii=False).translate(_INSIDE_SCRIPT))  # noqa: S704 escaped just now
