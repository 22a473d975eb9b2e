// After a save: the copy of it on this computer is not needed any more.
const { saved } = document.getElementById("saved").dataset;
try {
  localStorage.removeItem(`qifu-draft-${saved}`);
  const begun = JSON.parse(localStorage.getItem("qifu-draft-new"));
  const fields = new Map(begun?.fields);
  // Another new article may be half-written: only what became this one goes.
  if (fields.get("key")?.trim().toLowerCase() === saved) localStorage.removeItem("qifu-draft-new");
} catch {
  // A forbidden storage holds no copy, and one of another form is offered and not lost.
}
