"""What can be wrong with knowledge.

KnowledgeError
  x ArticleInvalid     a file or row that is not an article
  x ArticleMissing     no published article has that key
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
