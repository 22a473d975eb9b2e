/** One message as elements. Everything that people or the bot wrote goes in as text, never as markup. */

import { partsOf } from "./text.js";

const NAMES = { person: "您", bot: "智能助手", staff: "工作人员", system: "系统消息" };

/** An element of a class, holding texts or elements. */
export function make(tag, name, ...content) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...content);
  return element;
}

/** A button that does `act`. */
export function button(title, name, act) {
  const element = make("button", name, title);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/**
 * The row of a message. `acts`: `say(text)` sends a button's title, `copy(text)` resolves to whether it was copied.
 * An own message that is still to be sent has neither `id` nor `at`.
 */
export function bubble(message, acts) {
  const row = make("div", `message from-${message.author}`);
  if (message.at) row.dataset.at = message.at;
  const who = make("p", message.author === "person" || message.author === "system" ? "hidden" : "who");
  who.append(NAMES[message.author] ?? NAMES.system);
  row.append(who, body(message, acts));
  if (message.buttons?.length) row.append(offers(message.buttons, acts.say));
  return row;
}

function body(message, acts) {
  if (message.author === "person") return make("div", "bubble plain", message.text);
  const parts = partsOf(message.text);
  const box = make("div", "bubble", ...parts.lead.map(block));
  if (parts.heading) box.append(make("h3", "", parts.heading));
  box.append(...parts.body.map(block));
  if (parts.sources.length) box.append(sources(parts.sources));
  if (message.outcome === "ticket" && message.ticket) box.prepend(ticket(message.ticket, acts.copy));
  return box;
}

// Ticket numbers and dates are read as one word: a line does not end inside them. Addresses can be followed.
function words(text) {
  const pieces = text.split(/(https?:\/\/[!-~]*[A-Za-z0-9/]|[A-Z]{2,}-\d{8}-\d+|\d{4}-\d{2}-\d{2})/);
  return pieces.map((piece, at) => (at % 2 ? whole(piece) : piece));
}

function whole(piece) {
  if (!/^https?:/.test(piece)) return make("span", "whole", piece);
  const link = make("a", "", piece);
  link.href = piece;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function block({ kind, text, items, start }) {
  if (kind === "p") return make("p", "plain", ...words(text));
  const list = make(kind, "", ...items.map((item) => make("li", "", ...words(item))));
  if (kind === "ol") list.start = start;
  return list;
}

function sources(found) {
  const list = make("dl", "sources");
  for (const { name, items } of found) {
    list.append(make("div", "", make("dt", "", name), ...items.map((item) => make("dd", "", ...words(item)))));
  }
  return list;
}

function ticket(number, copy) {
  const act = async (event) => {
    const pressed = event.currentTarget;
    pressed.textContent = (await copy(number)) ? "已复制" : "请长按编号复制";
  };
  const title = make("p", "ticket-name", "工单编号");
  return make("div", "ticket", make("div", "", title, make("p", "ticket-number", number)), button("复制编号", "", act));
}

function offers(buttons, say) {
  const list = make("ul", "offers");
  list.setAttribute("aria-label", "可以点选");
  list.append(...buttons.map(({ title }) => make("li", "", button(title, "", () => say(title)))));
  return list;
}

/** When a message came, for people: the day is named unless it is today. */
export function moment(at, now) {
  const time = at.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  if (at.toDateString() === now.toDateString()) return time;
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return `${at.toLocaleDateString("zh-CN", { year, month: "long", day: "numeric" })} ${time}`;
}
