// A moving picture holds one of the few connections that a browser has for one site: it lets go of it while nobody looks, and takes it up
// again, also after the door was away.
"use strict";

const RETRY = 3000;

function keep(picture) {
  const stream = picture.getAttribute("src");
  let waiting = 0;

  function show() {
    clearTimeout(waiting);
    if (!document.hidden) picture.src = `${stream}?at=${Date.now()}`;
  }

  picture.addEventListener("error", () => {
    clearTimeout(waiting);
    if (!document.hidden) waiting = setTimeout(show, RETRY);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) picture.removeAttribute("src");
    else show();
  });
  addEventListener("pagehide", () => picture.removeAttribute("src"));
  addEventListener("pageshow", (event) => { if (event.persisted) show(); });
}

document.querySelectorAll("img.picture[src$='.mjpeg']").forEach(keep);
