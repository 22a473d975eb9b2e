// A list that opens under a text field while something like "@" or "/" is being typed, and is worked by the keyboard.

let made = 0;

// `trigger`: what is typed before the cursor, its last group is searched for; `choices`: [{ value, title, about }];
// `pick(choice, begin, end)`: what is done, with the place of what was typed.
export function picker(text, { label, trigger, choices, pick }) {
  const list = document.createElement("ul");
  list.id = `picker-${++made}`;
  list.className = "picker";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", label);
  list.hidden = true;
  text.after(list);
  text.setAttribute("aria-autocomplete", "list");
  let at = -1;
  let typed;

  function close() {
    list.hidden = true;
    at = -1;
    text.removeAttribute("aria-controls");
    text.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    at = next;
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", number === at));
    const item = list.children[at];
    if (!item) return;
    text.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  function look() {
    const before = text.value.slice(0, text.selectionStart);
    typed = before.match(trigger);
    const wanted = typed?.at(-1)?.toLowerCase();
    const found = typed ? choices.filter((one) => `${one.title} ${one.about} ${one.value}`.toLowerCase().includes(wanted)).slice(0, 8) : [];
    if (!found.length) return close();
    list.replaceChildren(
      ...found.map((choice, number) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${number}`;
        item.setAttribute("role", "option");
        item.choice = choice;
        const title = document.createElement("b");
        title.textContent = choice.title;
        const about = document.createElement("small");
        about.textContent = choice.about;
        item.append(title, " ", about);
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(choice);
        });
        return item;
      }),
    );
    list.hidden = false;
    text.setAttribute("aria-controls", list.id);
    mark(0);
  }

  function take(choice) {
    const end = text.selectionStart;
    const begin = end - typed.at(-1).length - 1;
    close();
    pick(choice, begin, end);
  }

  text.addEventListener("input", look);
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark((at + step + list.children.length) % list.children.length);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") take(list.children[at].choice);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
}

// Puts a text in the place of what was typed, so that it can be taken back by the browser's own undo where it can.
export function insert(text, begin, end, what) {
  text.focus();
  text.setRangeText(what, begin, end, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}
