// The figures of the navigation, also on pages that hear of nothing else.
import { count } from "./live.js";

const EVERY_MS = 30000;

setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/console/mentions/count");
    if (answer.ok) count(await answer.json());
  } catch {
    // Looked again next time.
  }
}, EVERY_MS);
