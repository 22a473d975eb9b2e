// The page of a thread: entries as they come, replies sent in the background, nothing written ever lost.
import { element, listen } from "./live.js";

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
  if (news.gone) return location.reload();
  const follow = atEnd();
  if (latest) for (const entry of news.entries ?? []) put(entry);
  for (const [id, html] of Object.entries(news.states ?? {})) show(document.getElementById(`s-${id}`), html);
  if (news.head) swapHead(news.head);
  if ("quota" in news && reply) document.getElementById("quota").textContent = news.quota.trim();
  if ("mine" in news && reply) mine(news.mine);
  if (follow) toEnd();
  if (news.newest) seen(news.newest);
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
  document.getElementById("hand-over").hidden = !yes;
}

let newestSeen = 0;
function seen(newest) {
  newestSeen = Math.max(newestSeen, newest);
  if (!log.dataset.seen || document.hidden || !newestSeen) return;
  const body = new URLSearchParams({ message: newestSeen });
  newestSeen = 0;
  fetch(log.dataset.seen, { method: "POST", headers, body }).catch(() => {});
}
document.addEventListener("visibilitychange", () => seen(0));

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
    if (text.value.trim()) send(form, text);
    else text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) form.requestSubmit();
  });
}

// A draft outlives a reload of this window, and nothing else.
const place = `draft:${location.pathname}`;
const forget = () => reply && sessionStorage.setItem(place, reply.elements.text.value);
if (reply) {
  const text = reply.elements.text;
  if (!text.value) text.value = sessionStorage.getItem(place) ?? "";
  let told = 0;
  text.addEventListener("input", () => {
    forget();
    if (Date.now() - told < 3000 || !text.value) return;
    told = Date.now();
    fetch(reply.dataset.typing, { method: "POST", headers }).catch(() => {});
  });
  if (!reply.hidden) text.focus({ preventScroll: true });
}
