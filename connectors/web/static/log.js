/** The message list: what stands where, which offers are open, and what the reader sees of it. */

import { bubble, button, make, moment } from "./bubbles.js";

const PAUSE = 10 * 60 * 1000; // ms between two messages that gets a line with the time
const NEAR = 120; // px from the end that still counts as reading along
const STATES = { sending: "正在发送", failed: "发送失败，点此重发" };

/** `acts`: `say(text)`, `copy(text)`, `resend(id)`, `rewrite(id)`; `now()` is the present moment as a Date. */
export function openLog({ list, scroll, newer }, acts, now) {
  const known = new Map(); // server id -> row
  const own = new Map(); // client id -> row, not yet confirmed

  const has = (id) => known.has(id);

  const add = (message) => {
    const row = bubble(message, acts);
    row.dataset.id = message.id;
    known.set(message.id, row);
    place(row, message.id);
    return row;
  };

  const addOwn = (entry) => {
    const row = bubble({ author: "person", text: entry.text }, acts);
    own.set(entry.id, row);
    list.append(row);
    mark(entry);
  };

  // Rows stand in the order of the server's ids; own ones without an id yet stay where they were put.
  const place = (row, id) => {
    const later = [...list.querySelectorAll("[data-id]")].find((other) => Number(other.dataset.id) > id);
    list.insertBefore(row, later ?? null);
  };

  const mark = (entry) => {
    const row = own.get(entry.id);
    row.querySelector(".state")?.remove();
    row.dataset.state = entry.state;
    if (entry.state === "sending") return;
    const fix = entry.state === "refused" ? ["修改后再发", acts.rewrite] : [STATES.failed, acts.resend];
    const state = make("div", "state");
    if (entry.why) state.append(make("p", "", entry.why));
    state.append(button(fix[0], "", () => fix[1](entry.id)));
    row.append(state);
  };

  const confirm = (entryId, message) => {
    const row = own.get(entryId);
    if (!row) return;
    remove(entryId, known.has(message.id));
    if (known.has(message.id)) return;
    delete row.dataset.state;
    row.querySelector(".state")?.remove();
    Object.assign(row.dataset, { id: message.id, at: message.at });
    known.set(message.id, row);
    const before = row.previousElementSibling?.dataset.id;
    const after = row.nextElementSibling?.dataset.id;
    if (Number(before ?? 0) > message.id || Number(after ?? Infinity) < message.id) place(row, message.id);
  };

  const remove = (entryId, row = true) => {
    if (row) own.get(entryId)?.remove();
    own.delete(entryId);
  };

  const toEnd = (entryId) => list.append(own.get(entryId));

  const note = (text) => list.append(bubble({ author: "system", text }, acts));

  // The rows stay readable but belong to a conversation that is over.
  const archive = () => {
    for (const row of known.values()) delete row.dataset.id;
    known.clear();
    for (const id of [...own.keys()]) remove(id);
    arrange();
  };

  const clear = () => {
    list.textContent = "";
    known.clear();
    own.clear();
  };

  const arrange = () => {
    openOffers([...list.children]);
    let last = 0;
    for (const row of list.children) {
      row.querySelector(".when")?.remove();
      const at = row.dataset.at ? new Date(row.dataset.at) : null;
      if (at && at - last > PAUSE) row.prepend(make("p", "when", moment(at, now())));
      last = at ?? last;
    }
  };

  return { has, add, addOwn, mark, confirm, remove, toEnd, note, archive, clear, arrange, ...reading(list, scroll, newer) };
}

// Only the newest offers hold: the dialogue has moved on from the older ones.
function openOffers(rows) {
  let open = true;
  for (const row of rows.reverse()) {
    const offers = row.querySelector(".offers");
    const over = row.matches(".from-person, .from-staff");
    if (offers) offers.hidden = !open || !row.dataset.id;
    if (offers || over) open = false;
  }
}

function reading(list, scroll, newer) {
  // On a low screen the page itself scrolls, see the style sheet.
  const box = () => (getComputedStyle(scroll).overflowY === "visible" ? document.scrollingElement : scroll);
  const atEnd = () => box().scrollHeight - box().scrollTop - box().clientHeight < NEAR;
  // Kept from the last scroll: once a new row stands there, it is too late to ask.
  let along = true;
  let first = null;

  const look = () => {
    along = atEnd();
    if (along) newer.hidden = true;
  };
  const showEnd = () => {
    box().scrollTo({ top: box().scrollHeight });
    look();
  };
  // A long answer is read from its beginning: the question moves to the top rather than the end into view.
  const show = (row) => {
    newer.hidden = true;
    const from = row.previousElementSibling?.matches(".from-person") ? row.previousElementSibling : row;
    const start = box() === scroll ? scroll.getBoundingClientRect().top : 0;
    box().scrollTo({ top: from.getBoundingClientRect().top - start + box().scrollTop - 12 });
    look();
  };
  const offer = (row) => {
    if (newer.hidden) first = row;
    newer.hidden = false;
  };

  newer.addEventListener("click", () => show(first));
  for (const place of [scroll, window]) place.addEventListener("scroll", look, { passive: true });
  // The input grew or the keyboard came up: who read along still does.
  const settle = () => along && list.firstChild && box() === scroll && showEnd();
  if (window.ResizeObserver) new ResizeObserver(settle).observe(scroll);
  return { following: () => along, showEnd, show, offer };
}
