/** The input line: it grows, counts, and tells a finished line from a choice in an input method. */

const LIMIT = 1000; // characters, as the server counts them
const WARN = 100; // characters left from which the count is shown
const TALL = 148; // px, about five lines

/** Calls `say(text)` with what was typed. Returns `fill(text)` and `focus()`. */
export function openComposer({ form, text, send, count, speak }, say) {
  let over = false;

  const refresh = () => {
    const left = LIMIT - [...text.value.trim()].length;
    count.hidden = left > WARN;
    count.textContent = left < 0 ? `已超出 ${-left} 字，请分开发送` : `还可输入 ${left} 字`;
    count.classList.toggle("over", left < 0);
    if (left < 0 && !over) speak(count.textContent);
    over = left < 0;
    send.setAttribute("aria-disabled", String(over || !text.value.trim()));
    text.setAttribute("aria-invalid", String(over));
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, TALL, window.innerHeight * 0.3)}px`;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said || over) return text.focus();
    text.value = "";
    refresh();
    say(said);
    text.focus();
  });

  text.addEventListener("keydown", (event) => {
    // Safari ends a composition before the keydown that ended it and marks that one with 229 only.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit ? form.requestSubmit() : send.click();
  });

  text.addEventListener("input", refresh);
  refresh();

  return {
    focus: () => text.focus(),
    fill: (said) => {
      text.value = text.value ? `${said}\n${text.value}` : said;
      refresh();
      text.focus();
    },
  };
}
