// Two other implementations of WeChat's crypto: requests as lines of JSON on stdin, answers as lines on stdout.
import { Buffer } from "node:buffer";
import { createInterface } from "node:readline";

import wecom from "@wecom/crypto";
import WXBizMsgCrypt from "wechat-crypto";

const peers = {
  "@wecom/crypto": {
    sign: ({ token, timestamp, nonce, cipher }) => wecom.getSignature(token, timestamp, nonce, cipher),
    decrypt: ({ key, cipher }) => {
      const { message, id, random } = wecom.decrypt(key, cipher);
      return { message, id, random: random.toString("hex") };
    },
    encrypt: ({ key, message, id, random }) =>
      wecom.encrypt(key, message, id, random === undefined ? undefined : Buffer.from(random, "hex")),
  },
  "wechat-crypto": {
    sign: ({ token, key, id, timestamp, nonce, cipher }) =>
      new WXBizMsgCrypt(token, key, id).getSignature(timestamp, nonce, cipher),
    decrypt: ({ token, key, id, cipher }) => new WXBizMsgCrypt(token, key, id).decrypt(cipher),
    encrypt: ({ token, key, id, message }) => new WXBizMsgCrypt(token, key, id).encrypt(message),
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { peer, verb, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = { value: peers[peer][verb](request) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
