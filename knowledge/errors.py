"""What can be wrong with knowledge.

KnowledgeError
  x ArticleInvalid     a file or row that is not an article
  x ArticleMissing     no published article has that key
  x CardRefused        a step that cannot be taken with a card; the message says why, in Chinese
    x CardMoved        somebody has taken a step meanwhile
"""


class KnowledgeError(Exception):
    """Something about the knowledge base is wrong; the message says what, for a person."""


class ArticleInvalid(KnowledgeError):
    """The text is not an article; `where` names the file or row."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class ArticleMissing(KnowledgeError):
    """No published article has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no published article {key!r}")
        self.key = key


class CardRefused(KnowledgeError):
    """The step cannot be taken; the message says why, for a person."""


class CardMoved(CardRefused):
    """Somebody else has taken a step with the card since it was looked at; `by` is a user name."""

    def __init__(self, by: str) -> None:
        super().__init__("您打开以后，别人已经改过这篇文章，请看过最新内容再操作。")
        self.by = by
