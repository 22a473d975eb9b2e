/** What stands around the talk: menu, confirmation, hints, notices, and a height that the keyboard leaves free. */

const HINT = 300; // ms until a wait is worth a word
const LONG = 12000; // ms until a wait needs another word

/** Opens and closes the menu: by its button, Escape, a press elsewhere. */
export function openMenu(opener, list) {
  const set = (open) => {
    list.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
  };
  opener.addEventListener("click", () => set(list.hidden));
  list.addEventListener("click", () => set(false));
  document.addEventListener("click", (event) => {
    if (!opener.contains(event.target) && !list.contains(event.target)) set(false);
  });
  opener.parentElement.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || list.hidden) return;
    set(false);
    opener.focus();
  });
}

/** Asks before something is given up; resolves to the choice. */
export function ask(dialog) {
  if (!dialog.showModal) return Promise.resolve(window.confirm(dialog.querySelector("p").textContent));
  return new Promise((resolve) => {
    // Escape must not keep the answer of the last time.
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

/** Says that an answer is on its way, once the wait is long enough to be noticed. */
export function openHint(place, shown) {
  let timers = [];
  const say = (text) => {
    place.textContent = text;
    shown();
  };
  const stop = () => {
    timers.forEach(clearTimeout);
    timers = [];
    place.textContent = "";
  };
  const start = () => {
    if (timers.length) return;
    timers = [
      setTimeout(() => say("正在查找…"), HINT),
      setTimeout(() => say("还在处理，答复会出现在这里，请稍候…"), LONG),
    ];
  };
  return { start, stop };
}

/** Copies a text; resolves to whether it worked. The clipboard API needs HTTPS, the old way does not. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "hidden";
    document.body.append(box);
    box.select();
    const copied = document.execCommand("copy");
    box.remove();
    return copied;
  }
}

/** iOS lays its keyboard over the page instead of making the page smaller. */
export function followKeyboard(app, view, shown) {
  if (!view) return;
  const fit = () => {
    // Pinch zoom also shrinks the visual viewport, but asks for no new layout.
    const covered = view.scale === 1 && window.innerHeight - view.height > 80;
    app.style.height = covered ? `${view.height}px` : "";
    if (covered) window.scrollTo(0, 0);
    if (covered) shown();
  };
  view.addEventListener("resize", fit);
}

/** A random identifier. `crypto.randomUUID` exists on HTTPS only, and phones older than 2022 lack it. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
