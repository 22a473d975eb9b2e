// The page of a thread: entries as they come, replies sent in the background, nothing written ever lost.
import { element, listen } from "./live.js";
import { insert, picker } from "./picker.js";

const log = document.getElementById("log");
const scroll = document.getElementById("scroll");
const reply = document.getElementById("reply");
const note = document.getElementById("note");
const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}");
const latest = log.dataset.latest === "yes";

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
const toEnd = () => {
  scroll.scrollTop = scroll.scrollHeight;
};
if (latest) toEnd();
let followed = latest;
scroll.addEventListener("scroll", () => {
  followed = atEnd();
});
// A keyboard on the screen, a turned telephone: the last words stay in sight.
new ResizeObserver(() => {
  if (followed) toEnd();
}).observe(scroll);

listen(log.dataset.events, "thread", (news) => {
  // So much was missed that the page is better loaded anew; drafts stay.
  if (news.gone || (news.reload && latest)) return location.reload();
  const follow = atEnd();
  if (latest) for (const entry of news.entries ?? []) put(entry);
  for (const [id, html] of Object.entries(news.states ?? {})) show(document.getElementById(`s-${id}`), html);
  for (const [id, html] of Object.entries(news.files ?? {})) document.getElementById(`f-${id}`)?.replaceWith(element(html));
  if (news.head) swapHead(news.head);
  if ("quota" in news && reply) document.getElementById("quota").textContent = news.quota.trim();
  if ("mine" in news && reply) mine(news.mine);
  if (follow) toEnd();
  if (news.entries) seen(news.newest ?? 0);
});

function put(entry) {
  if (document.getElementById(entry.id)) return;
  const now = element(entry.html);
  const after = [...log.children].reverse().find((item) => !item.dataset.order || earlier(item.dataset.order, entry.order));
  if (after) after.after(now);
  else log.prepend(now);
}

function earlier(order, [message, inside]) {
  const [a, b] = order.split(".").map(Number);
  return a < message || (a === message && b < inside);
}

function show(state, html) {
  const now = element(html);
  if (state && state.outerHTML !== now.outerHTML && !state.contains(document.activeElement)) state.replaceWith(now);
}

function swapHead(html) {
  const head = document.getElementById("head");
  const focused = head.contains(document.activeElement);
  head.innerHTML = html;
  if (focused) (head.querySelector("button") ?? scroll).focus();
}

function mine(yes) {
  // What has been written stays to be read and copied, even when a colleague has taken the thread.
  reply.hidden = !yes && !reply.elements.text.value;
  reply.querySelector("[type=submit]").disabled = !yes;
  document.getElementById("not-mine").hidden = yes;
  const sending = document.getElementById("send-file");
  if (sending) sending.hidden = !yes;
  document.getElementById("hand-over").hidden = !yes;
}

let newestSeen = 0;
let unseen = false;
function seen(newest) {
  newestSeen = Math.max(newestSeen, newest);
  unseen = true;
  tellSeen();
}
function tellSeen() {
  if (document.hidden || !unseen) return;
  const body = new URLSearchParams({ message: newestSeen });
  newestSeen = 0;
  unseen = false;
  fetch(log.dataset.seen, { method: "POST", headers, body }).catch(() => {});
}
document.addEventListener("visibilitychange", tellSeen);

async function send(form, text) {
  const button = form.querySelector("[type=submit]");
  const problem = form.querySelector(".reply-problem");
  if (button.disabled) return;
  button.disabled = true;
  problem.textContent = "";
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", headers: { ...headers, "HX-Request": "true" }, body });
    if (answer.ok) {
      text.value = "";
      if (form.elements.key) form.elements.key.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(".", "-");
      forget();
      toEnd();
    } else if (answer.headers.has("HX-Redirect")) problem.textContent = "登录已经过期。请在另一个窗口重新登录，再点发送，内容还在。";
    else problem.textContent = element(await answer.text())?.textContent ?? "没有发送，请再试一次。";
  } catch {
    // Under the same key: should it have arrived after all, it is not sent twice.
    problem.textContent = "网络不通，还没有发送。内容还在，请再点一次发送。";
  }
  button.disabled = false;
  text.focus();
}

for (const form of [reply, note].filter(Boolean)) {
  const text = form.elements.text;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.formAction.endsWith("/canned")) return fill(form.elements.reply.value, text.value.length, text.value.length);
    if (text.value.trim()) send(form, text);
    else text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) form.requestSubmit();
  });
}

// A canned reply in the place of what was typed.
async function fill(id, begin, end) {
  const problem = reply.querySelector(".reply-problem");
  problem.textContent = "";
  try {
    const body = new URLSearchParams({ reply: id });
    const answer = await fetch(reply.querySelector("[formaction]").formAction, { method: "POST", headers: { ...headers, "HX-Request": "true" }, body });
    if (answer.ok) {
      const filled = await answer.json();
      insert(reply.elements.text, begin, end, filled.text);
      problem.textContent = filled.problem;
      document.getElementById("canned").open = false;
    } else problem.textContent = element(await answer.text())?.textContent ?? "没有填入，请再试一次。";
  } catch {
    problem.textContent = "网络不通，没有填入。请再试一次。";
  }
}

if (reply?.elements.reply) {
  picker(reply.elements.text, {
    label: "快捷回复",
    trigger: /(?:^|\s)\/([^\s/]*)$/,
    choices: [...reply.elements.reply.options].map((one) => ({ value: one.value, title: one.textContent, about: one.dataset.text })),
    pick: (choice, begin, end) => fill(choice.value, begin, end),
  });
}
if (note) {
  picker(note.elements.text, {
    label: "可以提醒的同事",
    trigger: /(?:^|[^A-Za-z0-9._%+-])@([A-Za-z0-9._-]*|[\u4e00-\u9fff]{1,6})$/,
    choices: [...document.getElementById("readers").options].map((one) => ({ value: one.value, title: one.textContent, about: one.value })),
    pick: (choice, begin, end) => insert(note.elements.text, begin, end, `@${choice.value} `),
  });
}

// A draft outlives a reload of this window, and nothing else; with its key, as it may have been sent when the page was cut.
const place = `draft:${location.pathname}`;
const forget = () => {
  if (reply) sessionStorage.setItem(place, JSON.stringify({ text: reply.elements.text.value, key: reply.elements.key.value }));
  if (note) sessionStorage.setItem(`${place}:note`, note.elements.text.value);
};
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(place)) ?? {};
  } catch {
    return {}; // as an earlier version wrote it
  }
}
if (note) {
  if (!note.elements.text.value) note.elements.text.value = sessionStorage.getItem(`${place}:note`) ?? "";
  note.elements.text.addEventListener("input", forget);
}
if (reply) {
  const text = reply.elements.text;
  const draft = kept();
  if (!text.value && draft.text) {
    text.value = draft.text;
    reply.elements.key.value = draft.key;
  }
  let told = 0;
  text.addEventListener("input", () => {
    forget();
    if (Date.now() - told < 3000 || !text.value) return;
    told = Date.now();
    fetch(reply.dataset.typing, { method: "POST", headers }).catch(() => {});
  });
  if (!reply.hidden) text.focus({ preventScroll: true });
}
