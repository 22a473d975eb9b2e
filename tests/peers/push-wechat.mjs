// Pushes to a running gateway as WeChat does, with crypto that we did not write, and reads its replies with the same.
// node push-wechat.mjs URL TOKEN KEY APP_ID; stdin: a JSON list of {peer, openid, fields}; stdout: a JSON list of what came back.
import { randomBytes } from "node:crypto";
import { text as whole } from "node:stream/consumers";

import wecom from "@wecom/crypto";
import WXBizMsgCrypt from "wechat-crypto";

const [url, token, key, appId] = process.argv.slice(2);
const other = new WXBizMsgCrypt(token, key, appId);
const peers = {
  "@wecom/crypto": {
    encrypt: (message) => wecom.encrypt(key, message, appId),
    decrypt: (cipher) => wecom.decrypt(key, cipher),
    sign: (timestamp, nonce, cipher) => wecom.getSignature(token, timestamp, nonce, cipher),
  },
  "wechat-crypto": {
    encrypt: (message) => other.encrypt(message),
    decrypt: (cipher) => other.decrypt(cipher),
    sign: (timestamp, nonce, cipher) => other.getSignature(timestamp, nonce, cipher),
  },
};

const now = () => String(Math.floor(Date.now() / 1000));

// As WeChat writes it: these bare, all else as CDATA. Numbers come as texts: those of 64 bits would be rounded here.
const BARE = ["CreateTime", "MsgId"];
const xmlOf = (fields) =>
  `<xml>${Object.entries(fields)
    .map(([name, value]) => `<${name}>${BARE.includes(name) ? value : `<![CDATA[${value}]]>`}</${name}>`)
    .join("")}</xml>`;

const fieldOf = (xml, name) => {
  const found = xml.match(new RegExp(`<${name}>(?:<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|([^<]*))</${name}>`));
  return found ? (found[1] ?? found[2]) : null;
};

// What each peer makes of an encrypted reply.
const opened = (body, nonce) => {
  const [cipher, signature, timestamp] = ["Encrypt", "MsgSignature", "TimeStamp"].map((name) => fieldOf(body, name));
  return Object.values(peers).map(({ sign, decrypt }) => {
    const { message, id } = decrypt(cipher);
    return {
      signed: sign(timestamp, nonce, cipher) === signature && fieldOf(body, "Nonce") === nonce,
      ours: id === appId,
      to: fieldOf(message, "ToUserName"),
      from: fieldOf(message, "FromUserName"),
      type: fieldOf(message, "MsgType"),
      seconds: Math.abs(Number(fieldOf(message, "CreateTime")) - Number(now())),
      content: fieldOf(message, "Content"),
    };
  });
};

const push = async ({ peer, openid, fields, forged }) => {
  const { encrypt, sign } = peers[peer];
  const [timestamp, nonce] = [now(), randomBytes(8).readBigUInt64BE().toString()];
  const message = xmlOf({ ToUserName: "gh_1", FromUserName: openid, CreateTime: timestamp, ...fields });
  const cipher = encrypt(message);
  const signature = forged ? "0".repeat(40) : sign(timestamp, nonce, cipher);
  const query = new URLSearchParams({ timestamp, nonce, openid, encrypt_type: "aes", msg_signature: signature });
  const body = xmlOf({ ToUserName: "gh_1", Encrypt: cipher });
  const response = await fetch(`${url}?${query}`, { method: "POST", body, headers: { "Content-Type": "text/xml" } });
  const answer = await response.text();
  const replies = answer.startsWith("<xml>") ? opened(answer, nonce) : [];
  return { status: response.status, type: response.headers.get("content-type"), body: answer, replies };
};

const got = [];
for (const one of JSON.parse(await whole(process.stdin))) got.push(await push(one));
process.stdout.write(JSON.stringify(got));
