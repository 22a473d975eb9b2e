// The bell: how many notices are unread. A page with a stream is told at once by it; every page asks now and then, while they are seen.
const bell = document.getElementById("bell");
const EVERY = 30000;

function ring(unread) {
  const count = bell.querySelector(".bell-count");
  count.textContent = unread > 99 ? "99+" : String(unread);
  count.hidden = unread === 0;
  bell.querySelector(".unseen").textContent = unread ? `，${unread} 条未读` : "，没有未读的";
}

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch(bell.dataset.unread, { redirect: "error" });
    if (answer.ok) ring((await answer.json()).unread);
  } catch {
    // Signed out, or the network is away: the page itself says so when it is used.
  }
}

if (bell) {
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  addEventListener("rung", (event) => ring(event.detail));
}
