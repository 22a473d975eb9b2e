// The editor of an article: rows are added, what is written is kept here and at the server, the preview follows.
const form = document.getElementById("editor");
const preview = document.getElementById("preview");
const kept = document.getElementById("kept");
const key = form.dataset.key;
const place = `qifu-draft-${key || "new"}`;
const here = `/console/knowledge/articles/${encodeURIComponent(key || "new")}`;
let aspect = "overview";
let timer = 0;
let typed = 0;
let dirty = false;
let under = null; // what is being kept: one at a time, and the newest wins

for (const button of form.querySelectorAll("[data-more]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = button.parentElement.querySelector("[data-rows]");
    const row = rows.lastElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = "";
    row.querySelector("legend").textContent = `第 ${rows.children.length + 1} 条`;
    rows.append(row);
    row.querySelector("input").focus();
  });
}

form.addEventListener("focusin", (event) => {
  if (event.target.dataset.aspect) aspect = event.target.dataset.aspect;
});
form.addEventListener("input", () => {
  dirty = true;
  typed += 1;
  later(800);
});
form.addEventListener("submit", () => {
  remember();
  dirty = false;
  // What comes after the save would be offered as something that was not saved.
  clearTimeout(timer);
  under?.abort();
});
addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

async function keep() {
  remember();
  under?.abort();
  const { signal } = (under = new AbortController());
  const now = typed;
  const data = new FormData(form);
  data.set("aspect", aspect);
  try {
    const shown = await send("preview", data, signal);
    preview.innerHTML = await shown.text();
    if (!key) return say("已存在这台电脑上");
    const { moved, others } = await (await send("autosave", data, signal)).json();
    warn(others);
    say(moved ? "别人刚保存过这篇文章，您保存时会看到差异" : `已自动保存 ${new Date().toLocaleTimeString("zh-CN")}`);
    if (typed !== now) return; // what was written meanwhile is kept next
    localStorage.removeItem(place);
    dirty = false;
  } catch (error) {
    if (!signal.aborted) failed(error.status);
  }
}

// Who writes in it now; what the page said of them when it was opened is older.
function warn(others) {
  const place = document.getElementById("others");
  const text = others.length ? `${others.join("、")} 正在写这篇文章。请先联系，免得互相覆盖。` : "";
  if (place.textContent !== text) {
    const line = Object.assign(document.createElement("p"), { className: "warn", textContent: text });
    place.replaceChildren(...(text ? [line] : []));
  }
  for (const older of document.querySelectorAll("[data-writer]")) older.hidden = others.includes(older.dataset.writer);
}

async function send(what, body, signal) {
  const answer = await fetch(`${here}/${what}`, { method: "POST", body, signal });
  if (!answer.ok) throw Object.assign(new Error(what), { status: answer.status });
  return answer;
}

function failed(status) {
  if (status === 401 || status === 403) {
    return say("登录已失效或没有权限，内容先存在这台电脑上。请在另一个窗口重新登录，再回到这里继续");
  }
  if (status === 413) return say("内容太多，没能自动保存，先存在这台电脑上");
  say("连接断了，内容先存在这台电脑上，恢复后会再保存");
  later(5000);
}

function later(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(keep, milliseconds);
}

function say(text) {
  kept.textContent = text;
}

function written() {
  return [...new FormData(form)].filter(([name, value]) => name !== "csrf" && name !== "base" && typeof value === "string");
}

function remember() {
  try {
    localStorage.setItem(place, JSON.stringify({ base: form.elements.base.value, fields: written() }));
  } catch {
    // A full or forbidden storage: the server still keeps it.
  }
}

function put({ base, fields }) {
  // The version that it was written on, and not the one of this page: what others saved since is not overwritten unseen.
  form.elements.base.value = base;
  const seen = {};
  for (const input of form.elements) if (input.type === "checkbox") input.checked = false;
  for (const input of form.querySelectorAll("[data-rows] input")) input.value = "";
  for (const [name, value] of fields) {
    const number = (seen[name] = (seen[name] ?? -1) + 1);
    let all = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
    if (all[0]?.type === "checkbox") {
      for (const box of all) if (box.value === value) box.checked = true;
      continue;
    }
    if (!all[number] && all.length) {
      all[0].closest("section").querySelector("[data-more]")?.click();
      all = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
    }
    if (all[number]) all[number].value = value;
  }
}

function copied() {
  try {
    const found = JSON.parse(localStorage.getItem(place));
    // A copy of before it carried a version is as old as can be.
    return Array.isArray(found) ? { base: "0", fields: found } : found;
  } catch {
    return null;
  }
}

const local = copied();
if (local && JSON.stringify(local.fields) !== JSON.stringify(written())) {
  const line = document.getElementById("local");
  line.hidden = false;
  document.getElementById("local-take").addEventListener("click", () => {
    put(local);
    line.hidden = true;
    dirty = true;
    keep();
  });
  document.getElementById("local-drop").addEventListener("click", () => {
    localStorage.removeItem(place);
    line.hidden = true;
  });
}
