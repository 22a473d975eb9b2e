// The editor of an article: rows are added, what is written is kept here and at the server, the preview follows.
const form = document.getElementById("editor");
const preview = document.getElementById("preview");
const kept = document.getElementById("kept");
const key = form.dataset.key;
const place = `qifu-draft-${key || "new"}`;
const here = `/console/knowledge/articles/${encodeURIComponent(key || "new")}`;
let aspect = "overview";
let timer = 0;
let dirty = false;

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
  clearTimeout(timer);
  timer = setTimeout(keep, 800);
});
form.addEventListener("submit", () => {
  dirty = false;
});
addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

async function keep() {
  remember();
  const data = new FormData(form);
  data.set("aspect", aspect);
  try {
    const shown = await fetch(`${here}/preview`, { method: "POST", body: data });
    if (shown.ok) preview.innerHTML = await shown.text();
    if (!key) return say("已存在这台电脑上");
    const answer = await fetch(`${here}/autosave`, { method: "POST", body: data });
    if (!answer.ok) throw new Error(String(answer.status));
    const moved = (await answer.text()) === "moved";
    say(moved ? "别人刚保存过这篇文章，您保存时会看到差异" : `已自动保存 ${new Date().toLocaleTimeString("zh-CN")}`);
    localStorage.removeItem(place);
    dirty = false;
  } catch {
    say("连接断了，内容先存在这台电脑上，恢复后会再保存");
    clearTimeout(timer);
    timer = setTimeout(keep, 5000);
  }
}

function say(text) {
  kept.textContent = text;
}

function remember() {
  const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrf" && name !== "base" && typeof value === "string");
  try {
    localStorage.setItem(place, JSON.stringify(fields));
  } catch {
    // A full or forbidden storage: the server still keeps it.
  }
}

function put(fields) {
  const seen = {};
  for (const input of form.elements) if (input.type === "checkbox") input.checked = false;
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

const local = localStorage.getItem(place);
if (local) {
  const line = document.getElementById("local");
  line.hidden = false;
  document.getElementById("local-take").addEventListener("click", () => {
    put(JSON.parse(local));
    line.hidden = true;
    keep();
  });
  document.getElementById("local-drop").addEventListener("click", () => {
    localStorage.removeItem(place);
    line.hidden = true;
  });
}
