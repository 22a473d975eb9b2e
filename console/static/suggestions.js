// What enterprises asked, beside the similar questions of an article: one press adds a line to the form, another hides it for good.
const place = document.getElementById("suggestions");
const questions = document.getElementById("questions");
const token = document.querySelector('#editor input[name="csrf"]')?.value;

place?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take], [data-decline-one]");
  if (!button) return;
  const row = button.closest("li");
  if ("take" in button.dataset) take(row);
  else decline(row);
});

function take(row) {
  const lines = questions.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!lines.includes(row.dataset.text)) lines.push(row.dataset.text);
  questions.value = lines.join("\n");
  questions.dispatchEvent(new Event("input", { bubbles: true }));
  gone(row, `已加入“${row.dataset.text}”，保存后生效`);
}

async function decline(row) {
  const data = new FormData();
  data.set("csrf", token);
  for (const digest of row.dataset.digests.split(" ")) data.append("digest", digest);
  try {
    const answer = await fetch(row.parentElement.dataset.decline, { method: "POST", body: data });
    if (!answer.ok) throw new Error(String(answer.status));
    gone(row, `不再建议“${row.dataset.text}”`);
  } catch {
    say("没有成功，请检查网络后再试");
  }
}

function gone(row, text) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (next?.querySelector("button") ?? questions).focus();
  say(text);
}

function say(text) {
  document.getElementById("suggestions-said").textContent = text;
}
