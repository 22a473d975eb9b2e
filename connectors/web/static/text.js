/** A reply's plain text as parts that can be set in type: lead, heading, body, sources. */

const HEADING = /^【([^】]+)】$/;
const SOURCE = /^(依据|核对日期)[:：]\s*(.+)$/;
const BULLET = /^\s*[-•·]\s+(.+)$/;
const NUMBERED = /^\s*(\d{1,2})(?:\.\s+|[、)）]\s*)(.+)$/;

/** `{lead: blocks, heading: string | null, body: blocks, sources: [{name, items}]}`, see `blocksOf`. */
export function partsOf(text) {
  const lines = text.replace(/\r\n?/g, "\n").trim().split("\n");
  const sources = [];
  while (lines.length && (SOURCE.test(lines[lines.length - 1]) || !lines[lines.length - 1].trim())) {
    const match = SOURCE.exec(lines.pop());
    // A citation may hold a semicolon inside its brackets: only one before a title parts two of them.
    if (match) sources.unshift({ name: match[1], items: match[2].split(/[;；]\s*(?=《)/) });
  }
  const at = lines.findIndex((line) => HEADING.test(line));
  return {
    lead: blocksOf(lines.slice(0, Math.max(at, 0))),
    heading: at < 0 ? null : HEADING.exec(lines[at])[1],
    body: blocksOf(lines.slice(at + 1)),
    sources,
  };
}

/** Lines as blocks: `{kind: "p", text}`, `{kind: "ul", items: [text]}`, `{kind: "ol", start, items: [text]}`. */
export function blocksOf(lines) {
  const blocks = [];
  let open = null;
  for (const line of lines) {
    const [kind, text, number] = lineOf(line);
    if (kind === null) {
      // A blank line between two steps does not end a numbered list.
      if (open && open.kind === "p") open = null;
      continue;
    }
    const goesOn = open && open.kind === kind && (kind !== "ol" || number === open.start + open.items.length);
    if (!goesOn) {
      open = { kind, items: [], start: number };
      blocks.push(open);
    }
    open.items.push(text);
  }
  return blocks.map(({ kind, items, start }) => (kind === "p" ? { kind, text: items.join("\n") } : { kind, items, start }));
}

function lineOf(line) {
  if (!line.trim()) return [null];
  const bullet = BULLET.exec(line);
  if (bullet) return ["ul", bullet[1]];
  const numbered = NUMBERED.exec(line);
  return numbered ? ["ol", numbered[2], Number(numbered[1])] : ["p", line.trim()];
}
