/** What the page keeps over a reload: the conversation and the texts that have not arrived yet. */

const KEY = "qifu.chat.1";
const EMPTY = { conversation: null, unsent: [] };

/**
 * Reads and changes the kept state `{conversation: {id, token} | null, unsent: [{id, text, after, state, why}]}`.
 * Where the browser refuses storage (private window), the state lives as long as the page.
 */
export function openMemory(storage) {
  let here = EMPTY;
  const read = () => {
    try {
      const kept = JSON.parse(storage.getItem(KEY));
      return kept && Array.isArray(kept.unsent) ? { ...EMPTY, ...kept } : here;
    } catch {
      return here;
    }
  };
  const change = (part) => {
    here = { ...read(), ...part };
    try {
      storage.setItem(KEY, JSON.stringify(here));
    } catch {
      // Full or refused: `here` holds it.
    }
  };
  return {
    read,
    change,
    forget: () => change(EMPTY),
    keep: (entry) => change({ unsent: [...read().unsent.filter((other) => other.id !== entry.id), entry] }),
    drop: (id) => change({ unsent: read().unsent.filter((entry) => entry.id !== id) }),
    find: (id) => read().unsent.find((entry) => entry.id === id),
  };
}
