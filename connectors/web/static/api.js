/** The chat API over fetch: open a conversation, send, read back, and follow what comes later. */

const TIMEOUT = 30000; // ms: longer than the slowest turn, short enough to offer a resend

/** A request that did not work. `status` is 0 when no answer came; `detail` is Chinese and may be shown. */
export class Problem extends Error {
  constructor(status, { type = "", detail = "" } = {}) {
    super(detail || type || String(status));
    this.status = status;
    this.type = type.replace("urn:qifu:problem:", "");
    this.detail = detail;
  }

  /** The conversation is not known (any more): a new one has to be opened. */
  get gone() {
    return this.status === 401 || (this.status === 404 && this.type === "not-found");
  }

  /** The text itself is refused: sending it again as it stands cannot help. */
  get refused() {
    return ["text-empty", "text-too-long", "too-large", "malformed"].includes(this.type) || this.status === 422;
  }
}

/** Opens a conversation: `{id, token}`. */
export function openConversation() {
  return call("POST", "/api/conversations", null, {});
}

/** Sends a text under the client's own id; the same id again never takes a second turn. */
export function send(conversation, id, text) {
  return call("POST", `${path(conversation)}/messages`, conversation.token, { id, text });
}

/** The messages with an id above `after`, oldest first. */
export async function history(conversation, after) {
  const answer = await call("GET", `${path(conversation)}/messages?after=${after}`, conversation.token);
  return answer.messages;
}

/**
 * Messages as they come, until the server ends the stream or `signal` aborts.
 * fetch instead of EventSource: that one cannot carry the token, and an address with a token ends up in logs.
 */
export async function* news(conversation, after, signal) {
  const response = await request(`${path(conversation)}/events?after=${after}`, {
    headers: { Accept: "text/event-stream", "Last-Event-ID": String(after), ...bearer(conversation.token) },
    cache: "no-store",
    signal,
  });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read().catch(unreachable);
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop();
    for (const block of blocks) {
      const message = messageOf(block);
      if (message) yield message;
    }
  }
}

/** The message in one block of an event stream, or null for comments and other events. */
export function messageOf(block) {
  const lines = block.split(/\r\n|\n|\r/);
  const field = (name) =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = field("data");
  return data.length && field("event").pop() === "message" ? JSON.parse(data.join("\n")) : null;
}

function path(conversation) {
  return `/api/conversations/${encodeURIComponent(conversation.id)}`;
}

function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function call(method, address, token, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  const headers = { Accept: "application/json", ...bearer(token) };
  if (body) headers["Content-Type"] = "application/json";
  try {
    const payload = body ? JSON.stringify(body) : undefined;
    const response = await request(address, { method, headers, body: payload, cache: "no-store", signal: stop.signal });
    return await response.json().catch(unreachable);
  } finally {
    clearTimeout(timer);
  }
}

async function request(address, options) {
  const response = await fetch(address, options).catch(unreachable);
  if (response.ok) return response;
  // A gateway answers with a page of its own, not with a problem: the status has to do.
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

function unreachable() {
  throw new Problem(0);
}
