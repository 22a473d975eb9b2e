/** The line to the server: reads the history, follows the news, and comes back after every break. */

import { Problem, history, news } from "./api.js";

const STEADY = 10000; // ms that a stream has to last before the next break counts as the first
const LONGEST = 30000; // ms between two tries

/**
 * Calls `receive(messages, first)`, where the first call brings the whole history and `restored()` follows it;
 * `trouble(is)` tells of a connection that does not hold, `gone()` of a conversation that the server does not know.
 */
export function openLink({ receive, restored, trouble, gone }) {
  let partner = null;
  let cursor = 0; // the last id of the history or the stream: a reply to a POST may overtake others
  let stream = new AbortController();
  let wake = () => {};

  const follow = async (conversation) => {
    partner = conversation;
    for (let tries = 0, first = true; partner === conversation; tries += 1) {
      stream = new AbortController();
      const since = performance.now();
      try {
        await catchUp(conversation, first);
        if (first && partner === conversation) restored();
        first = false;
        for await (const message of news(conversation, cursor, stream.signal)) take(conversation, [message], false);
      } catch (problem) {
        if (partner !== conversation) return;
        if (!(problem instanceof Problem)) console.error(problem);
        if (problem.gone) return gone();
        trouble(!stream.signal.aborted && tries > 0);
      }
      if (stream.signal.aborted || performance.now() - since > STEADY) tries = 0;
      if (!stream.signal.aborted) await pause(tries);
    }
  };

  /** Asks for what came since the last look. */
  const catchUp = async (conversation, first = false) => {
    take(conversation, await history(conversation, cursor), first);
    if (partner === conversation) trouble(false);
  };

  const take = (conversation, messages, first) => {
    if (partner !== conversation) return;
    receive(messages, first);
    for (const { id } of messages) cursor = Math.max(cursor, id);
  };

  // Spread out, so that not every page comes back in the same moment after a restart.
  const pause = (tries) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(LONGEST, 1000 * 2 ** tries) * (0.5 + Math.random() / 2));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Connects anew at once: the network is back, or the page is looked at again. */
  const reconnect = () => {
    stream.abort();
    wake();
  };

  const stop = () => {
    partner = null;
    cursor = 0;
    reconnect();
    trouble(false);
  };

  return { follow, catchUp, reconnect, stop, cursor: () => cursor };
}
