// What every live page of the console shares: the stream, the notice when it is cut, and how long somebody has waited.

export function listen(address, name, tell) {
  const offline = document.getElementById("offline");
  const stream = new EventSource(address);
  let timer;
  const say = (text) => {
    offline.textContent = text;
    offline.hidden = !text;
  };
  stream.addEventListener("open", () => {
    clearTimeout(timer);
    say("");
  });
  stream.addEventListener("error", () => {
    clearTimeout(timer);
    // The browser does not come back after an answer that is no stream: the session is over, or the thread is gone.
    if (stream.readyState === EventSource.CLOSED) say("页面不再自动更新：登录可能已经过期。请刷新页面。");
    else timer = setTimeout(() => say("连接中断，正在重新连接…写的内容不会丢。"), 3000);
  });
  stream.addEventListener(name, (event) => {
    const news = JSON.parse(event.data);
    if (news.counts) count(news.counts);
    tell(news);
  });
  stream.addEventListener("bell", (event) => dispatchEvent(new CustomEvent("rung", { detail: JSON.parse(event.data).unread })));
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

// Figures of the tabs and of the navigation; one that is nothing is not shown where it says so.
export function count(counts) {
  for (const place of document.querySelectorAll("[data-count]")) {
    const figure = counts[place.dataset.count];
    if (figure === undefined) continue;
    place.querySelector("[data-figure]") ? (place.querySelector("[data-figure]").textContent = figure) : (place.textContent = figure);
    if ("unlessNone" in place.dataset) place.hidden = !figure;
  }
}

export function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

function spell(since) {
  const minutes = Math.floor((Date.now() - new Date(since)) / 60000);
  if (minutes < 1) return "不到 1 分钟";
  if (minutes < 60) return `${minutes} 分钟`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} 天`;
  return minutes % 60 ? `${hours} 小时 ${minutes % 60} 分` : `${hours} 小时`;
}

setInterval(() => {
  for (const place of document.querySelectorAll("[data-since]")) place.textContent = spell(place.dataset.since);
}, 20000);
