// Says whether the library of Standard Webhooks takes what it reads from its standard input: {secret, headers, body, now}.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body, now } = JSON.parse(readFileSync(0, "utf8"));
Date.now = () => now * 1000;
try {
  new Webhook(secret).verify(body, headers);
  console.log("right");
} catch (error) {
  console.error(error.message);
  console.log("wrong");
}
