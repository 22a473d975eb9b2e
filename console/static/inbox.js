// The inbox: rows and figures as they change, and the keyboard.
import { element, listen } from "./live.js";

const list = document.getElementById("lines");
const empty = document.getElementById("empty");
const fixed = "fixed" in list.dataset;

listen(list.dataset.events, "rows", ({ rows, whole, more }) => {
  if (whole) all(rows, more);
  else for (const row of rows) put(row);
  empty.hidden = list.children.length > 0;
});

// The whole list as it is now: first of all, and after every cut.
function all(rows, more) {
  const focused = document.activeElement.closest?.(".line")?.id;
  const now = rows.filter((row) => row.html).map((row) => element(row.html));
  const same = now.length === list.children.length && now.every((row, at) => same_row(row, list.children[at]));
  const next = document.getElementById("more");
  next.hidden = !more;
  if (more) next.href = more;
  if (same) return;
  list.replaceChildren(...now);
  const again = focused && document.getElementById(focused);
  if (again) link(again).focus({ preventScroll: true });
}

const same_row = (one, other) => one.id === other.id && one.className === other.className && one.textContent === other.textContent;

function put(row) {
  const before = document.getElementById(`t-${row.id}`);
  if (!row.html || (!row.in && !fixed)) {
    if (before) leave(before);
    return;
  }
  if (!before && fixed) return;
  const now = element(row.html);
  const focused = before?.contains(document.activeElement);
  if (before && (fixed || list.dataset.view === "waiting" || focused || before === list.firstElementChild)) before.replaceWith(now);
  else {
    before?.remove();
    // Who has waited longest stands first; elsewhere, what is newest.
    if (list.dataset.view === "waiting") list.append(now);
    else list.prepend(now);
  }
  if (focused) link(now).focus({ preventScroll: true });
}

function leave(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const focused = row.contains(document.activeElement);
  row.remove();
  if (focused && next) link(next).focus({ preventScroll: true });
}

const link = (row) => row.querySelector("a");

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (event.key === "/") {
    document.getElementById("q").focus();
    event.preventDefault();
  } else if (step && list.children.length) {
    const rows = [...list.children];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    link(rows[next]).focus();
    event.preventDefault();
  }
});
