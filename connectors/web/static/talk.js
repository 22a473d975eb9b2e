/** The talk with the server: texts go out in order and are never lost; what comes back is shown once. */

import { Problem, openConversation, send } from "./api.js";
import { openLink } from "./link.js";

const POLL = 8000; // ms: a proxy may hold the stream back, a promised reply is asked for as well

/**
 * `memory` keeps, `log` shows, `hint` says that an answer is on its way. `arrived(rows, first)` is told of new rows
 * (`first`: they are the history), `trouble(is)` of a connection that does not hold; `newId()` makes identifiers.
 */
export function openTalk({ memory, log, hint, arrived, trouble, newId }) {
  let conversation = memory.read().conversation;
  let lastReply = 0;
  let queue = Promise.resolve();
  let left = false; // the page is being closed or reloaded: its requests break off, which is no failure
  const awaited = new Map(); // client id -> server id (null until confirmed) of what has no reply yet

  const start = () => {
    memory.read().unsent.forEach(log.addOwn);
    if (conversation) link.follow(conversation);
    lineUp();
  };

  // What was on its way when the page was left goes out again: the same id never takes a second turn.
  const lineUp = () => memory.read().unsent.forEach((entry) => entry.state === "sending" && line(entry.id));

  /** The page goes out of use, or (`away` false) is taken up again as it was. */
  const pauseFor = (away) => {
    if (left && !away) lineUp();
    left = away;
  };

  const say = (text) => {
    const entry = { id: newId(), text, after: Math.max(link.cursor(), lastReply), state: "sending" };
    memory.keep(entry);
    log.addOwn(entry);
    log.arrange();
    line(entry.id);
  };

  const resend = (id) => {
    set({ ...memory.find(id), state: "sending", why: "", renewed: false });
    log.toEnd(id);
    log.arrange();
    line(id);
  };

  /** Takes a refused text back: returns it and forgets the entry. */
  const takeBack = (id) => {
    const { text } = memory.find(id);
    memory.drop(id);
    log.remove(id);
    return text;
  };

  const line = (id) => {
    queue = queue.then(() => deliver(id));
  };

  const set = (entry) => {
    memory.keep(entry);
    log.mark(entry);
  };

  const deliver = async (id) => {
    const entry = memory.find(id);
    if (!entry) return;
    awaited.set(id, null);
    hint.start();
    try {
      const partner = await opened();
      const answer = await send(partner, id, entry.text);
      if (partner === conversation) settle(id, answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) console.error(problem);
      fail(id, problem);
    }
  };

  const opened = async () => {
    if (conversation) return conversation;
    const { id, token } = await openConversation();
    conversation = { id, token };
    memory.change({ conversation });
    link.follow(conversation);
    return conversation;
  };

  const settle = (id, { message, replies, pending }) => {
    memory.drop(id);
    log.confirm(id, message);
    awaited.set(id, message.id);
    receive(replies);
    if (!pending || lastReply > message.id) done(id);
    else poll(id, conversation);
  };

  const fail = (id, problem) => {
    if (left) return;
    done(id);
    const entry = memory.find(id);
    // Gone meanwhile: the stream brought it back as arrived, or the conversation was given up.
    if (!entry) return;
    if (problem.gone && !entry.renewed) return renew();
    set({ ...entry, state: problem.refused ? "refused" : "failed", why: problem.detail });
    arrived([], false);
  };

  const done = (id) => {
    awaited.delete(id);
    if (!awaited.size) hint.stop();
  };

  const poll = async (id, partner) => {
    while (awaited.has(id)) {
      await new Promise((resolve) => setTimeout(resolve, POLL));
      if (!awaited.has(id) || partner !== conversation) return;
      await link.catchUp(partner).catch(() => {});
    }
  };

  const receive = (messages, first = false) => {
    const rows = [];
    for (const message of messages) {
      if (log.has(message.id) || adopt(message)) continue;
      rows.push(log.add(message));
      if (message.author === "person") continue;
      lastReply = Math.max(lastReply, message.id);
      for (const [id, asked] of [...awaited]) if (asked !== null && asked < message.id) done(id);
    }
    log.arrange();
    if (rows.length) arrived(rows, first);
  };

  // A text whose answer was lost on the way back has arrived all the same.
  const adopt = (message) => {
    if (message.author !== "person") return false;
    const fits = (entry) => entry.text === message.text && entry.after < message.id;
    const entry = memory.read().unsent.find(fits);
    if (!entry) return false;
    memory.drop(entry.id);
    log.confirm(entry.id, message);
    return true;
  };

  const leave = () => {
    conversation = null;
    lastReply = 0;
    queue = Promise.resolve(); // what comes next does not wait for an answer that no longer counts
    awaited.clear();
    hint.stop();
    link.stop();
  };

  // The server no longer knows the conversation: what was not sent goes on in a new one, under new ids.
  const renew = () => {
    leave();
    const unsent = memory.read().unsent.map((entry) => ({ ...entry, id: newId(), after: 0, renewed: true }));
    memory.change({ conversation, unsent });
    log.archive();
    log.note("之前的对话已失效，已为您开始新的对话。");
    unsent.forEach(log.addOwn);
    lineUp();
    arrived([], false);
  };

  /** Gives the conversation up, with everything that this device keeps of it. */
  const forget = () => {
    leave();
    memory.forget();
    log.clear();
  };

  const link = openLink({
    receive,
    restored: () => memory.read().unsent.forEach((entry) => log.toEnd(entry.id)),
    trouble,
    gone: renew,
  });

  return { start, say, resend, takeBack, reconnect: link.reconnect, pauseFor, forget };
}
