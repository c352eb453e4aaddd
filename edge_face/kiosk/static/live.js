// Draws what the door sees over its picture: frames around faces, the zone in which somebody is let in. Asks twice a second, only while
// the page is looked at. The words below say the same for those who do not see the picture.
"use strict";

const PAUSE = 500;
const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, kind) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (kind) made.setAttribute("class", kind);
  return made;
}

function box(one, kind) {
  return shape("rect", { x: one.x * 1000, y: one.y * 1000, width: one.width * 1000, height: one.height * 1000 }, kind);
}

function draw(overlay, seen) {
  const shapes = [];
  if (seen.zone) shapes.push(box(seen.zone, "zone"));
  for (const one of seen.boxes || []) shapes.push(box(one, "shade"), box(one, one.near ? "near" : ""));
  overlay.replaceChildren(...shapes);
}

function say(words, seen) {
  const boxes = (seen && seen.boxes) || [];
  const key = !seen ? "down" : !boxes.length ? "none" : boxes.some((one) => one.near) ? "near" : "far";
  if (words && words.textContent !== words.dataset[key]) words.textContent = words.dataset[key];
}

function follow(live) {
  const overlay = live.querySelector(".overlay");
  const words = live.parentElement.querySelector(".live-words");

  async function look() {
    if (!document.hidden) {
      let seen = null;
      try {
        const answer = await fetch(live.dataset.overlay, { headers: { accept: "application/json" }, cache: "no-store" });
        if (answer.ok) seen = await answer.json();
      } catch { /* the daemon is down: said below */ }
      draw(overlay, seen || {});
      say(words, seen);
    }
    setTimeout(look, PAUSE);
  }
  look();
}

document.querySelectorAll(".live[data-overlay]").forEach(follow);
