/** The chat page: joins what people do, what the server says and what the page shows. */

import { openComposer } from "./composer.js";
import { ask, copy, followKeyboard, newId, openHint, openMenu } from "./frame.js";
import { openLog } from "./log.js";
import { openMemory } from "./memory.js";
import { openTalk } from "./talk.js";

const OFFLINE = "网络已断开，可以继续查看；恢复后再发送。";
const UNSTEADY = "连接不稳定，正在重新连接…";
const AWAY = 30000; // ms out of sight after which a phone has usually cut the stream

const at = (id) => document.getElementById(id);
const [list, scroll, spoken, notice] = ["log", "scroll", "spoken", "notice"].map(at);
const title = document.title;
let unread = 0;
let unsteady = false;
let hiddenSince = 0;

const speak = (text) => {
  spoken.textContent = text;
};

const acts = {
  say: (text) => {
    talk.say(text);
    log.showEnd();
    settleFocus();
  },
  copy: async (text) => {
    const copied = await copy(text);
    speak(copied ? "工单编号已复制" : "没有复制成功，请长按编号复制");
    return copied;
  },
  resend: (id) => {
    talk.resend(id);
    log.showEnd();
    settleFocus();
  },
  rewrite: (id) => composer.fill(talk.takeBack(id)),
};

const log = openLog({ list, scroll, newer: at("newer") }, acts, () => new Date());
const hint = openHint(at("waiting"), () => log.following() && log.showEnd());

const talk = openTalk({
  memory: openMemory(kept()),
  log,
  hint,
  newId,
  arrived: (rows, first) => {
    if (first) return log.show(rows[rows.length - 1]);
    if (!rows.length) return log.showEnd();
    log.following() ? log.show(rows[0]) : log.offer(rows[0]);
    if (document.hidden) document.title = `(${(unread += rows.length)}) ${title}`;
  },
  trouble: (is) => {
    unsteady = is;
    tellNetwork();
  },
});

const composer = openComposer(
  { form: at("composer"), text: at("text"), send: at("send"), count: at("count"), speak },
  (text) => {
    talk.say(text);
    log.showEnd();
  },
);

openMenu(at("menu-button"), at("menu-list"));
followKeyboard(at("app"), window.visualViewport, () => log.showEnd());

for (const place of ["welcome", "menu-list"]) {
  at(place).addEventListener("click", (event) => {
    const shortcut = event.target.closest("[data-say]");
    if (shortcut) acts.say(shortcut.dataset.say);
  });
}

at("show-shortcuts").addEventListener("click", () => {
  at("welcome").scrollIntoView();
  at("welcome").focus();
});

at("new-conversation").addEventListener("click", async () => {
  if (!(await ask(at("ask")))) return;
  talk.forget();
  at("welcome").scrollIntoView();
  speak("已开始新的对话");
  settleFocus();
});

window.addEventListener("online", () => {
  tellNetwork();
  talk.reconnect();
});
window.addEventListener("offline", tellNetwork);
window.addEventListener("pagehide", () => talk.pauseFor(true));
window.addEventListener("pageshow", () => talk.pauseFor(false));

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    hiddenSince = performance.now();
    return;
  }
  unread = 0;
  document.title = title;
  if (performance.now() - hiddenSince > AWAY) talk.reconnect();
});

tellNetwork();
talk.start();

function tellNetwork() {
  notice.textContent = navigator.onLine ? (unsteady ? UNSTEADY : "") : OFFLINE;
}

// Where there is no storage at all, even naming it throws.
function kept() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

// The pressed button is gone now. On a touch screen, focus in the input would bring up the keyboard over the answer.
function settleFocus() {
  if (matchMedia("(pointer: coarse)").matches) scroll.focus({ preventScroll: true });
  else composer.focus();
}
