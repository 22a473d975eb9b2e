// A file to download with an article: it is uploaded at once, and its link is put into the form.
const block = document.getElementById("upload");
const chosen = document.getElementById("upload-file");
const said = document.getElementById("upload-said");
const form = document.getElementById("editor");

if (block) {
  block.hidden = false;
  document.getElementById("upload-send").addEventListener("click", send);
}

async function send() {
  const file = chosen.files[0];
  if (!file) return say("请先选择一个文件。");
  if (file.size > Number(block.dataset.most)) return say(`没有收下“${file.name}”：超过了 ${block.dataset.most / 1024 / 1024} MB。`);
  const data = new FormData();
  data.set("csrf", form.querySelector('input[name="csrf"]').value);
  data.set("file", file);
  say("正在上传……");
  try {
    const answer = await fetch(block.dataset.to, { method: "POST", body: data });
    const told = answer.headers.get("content-type")?.startsWith("application/json") ? await answer.json() : {};
    if (!answer.ok) return say(told.problem ?? "没有成功，请刷新页面、重新登录后再试。");
    put(told);
    chosen.value = "";
    say(`已上传“${told.title}”，保存草稿、审核发布以后公众才能下载。`);
  } catch {
    say("没有成功，请检查网络后再试。");
  }
}

function put({ title, link }) {
  const rows = block.closest("section").querySelector("[data-rows]");
  const empty = () => [...rows.children].find((row) => [...row.querySelectorAll("input")].every((input) => !input.value));
  if (!empty()) block.closest("section").querySelector("[data-more]").click();
  const row = empty();
  row.querySelector('[name="download-title"]').value = title;
  row.querySelector('[name="download-link"]').value = link;
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function say(text) {
  said.textContent = text;
}
