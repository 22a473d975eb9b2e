"""The vendor's own examples: none of us wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.wechat.crypto import Account

TOKEN = "AAAAA"
KEY = "A" * 43
OTHER_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass(frozen=True)
class Vector:
    """One push or reply. `random`: the 16 bytes in front, as the page shows them; empty where it does not."""

    app_id: str
    timestamp: str
    nonce: str
    signature: str
    cipher: str
    message: str = ""
    random: str = ""

    def account(self) -> Account:
        """The account of the example."""
        return Account(TOKEN, self.app_id, (KEY,))

    def query(self) -> dict[str, str]:
        """The query of the push."""
        return {
            "timestamp": self.timestamp,
            "nonce": self.nonce,
            "encrypt_type": "aes",
            "msg_signature": self.signature,
        }

    def body(self) -> bytes:
        """The body of the push."""
        return f"<xml><Encrypt><![CDATA[{self.cipher}]]></Encrypt></xml>".encode()

    def at(self) -> datetime:
        """When it was sent."""
        return moment(self.timestamp)


def moment(timestamp: str) -> datetime:
    """Seconds as a time."""
    return datetime.fromtimestamp(int(timestamp), UTC)


# The vendor's page on message pushes; those below from the one for mini-programs, where the crypto is the same.
URL = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "timestamp": "1714036504",
    "nonce": "1514711492",
    "echostr": "4375120948345356249",
}
PLAIN = {
    "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
    "timestamp": "1714037059",
    "nonce": "486452656",
}
PUSH_JSON = Vector(
    app_id="wxba5fad812f8e6fb9",
    timestamp="1714112445",
    nonce="415670741",
    signature="046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    random="a8eedb185eb2fecf",
    cipher="+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=",
)
REPLY_JSON = Vector(
    app_id="wxba5fad812f8e6fb9",
    timestamp="1713424427",
    nonce="415670741",
    signature="1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
    random="707722b803182950",
    message='{"demo_resp":"good luck"}',
    cipher="ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
)
# The vendor's page on message pushes to third-party platforms.
PUSH_XML = Vector(
    app_id="wx134c8103faa5a59e",
    timestamp="1715943329",
    nonce="1590219412",
    signature="6c12a4205838198b8fa631b3220723bb07f1015c",
    cipher="D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==",
)
REPLY_XML = Vector(
    app_id="wx134c8103faa5a59e",
    timestamp="1713424427",
    nonce="415670741",
    signature="03e0812039325c2712ef5f0f980fd14c70d6e307",
    random="999951349e8ee746",
    message="<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>",
    cipher="hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7",
)
