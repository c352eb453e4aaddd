// Areas that nothing may see, drawn on the picture. The table of percentages is the form; this only fills it in, so that without a
// pointer or without this script the numbers can be typed.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const SIDES = ["x", "y", "width", "height"];
const SMALLEST = 1;  // percent: less is a tap, not an area

function start(masks) {
  const overlay = masks.querySelector(".overlay");
  const area = masks.querySelector(".drawing");
  const form = masks.querySelector("form");
  if (!overlay || !area || !form) return;
  const rows = [...form.querySelectorAll("tbody tr")].map((row) => SIDES.map((side, at) => row.querySelectorAll("input")[at]));

  function values(row) {
    const found = row.map((input) => parseFloat(input.value.replace(",", ".")));
    return found.every(Number.isFinite) ? found : null;
  }

  function paint(drawn) {
    const shapes = [];
    rows.forEach((row, number) => {
      const found = values(row);
      if (found) shapes.push(...areaOf(found, number + 1));
    });
    if (drawn) shapes.push(...areaOf(drawn, ""));
    overlay.replaceChildren(...shapes);
  }

  function areaOf([x, y, width, height], label) {
    const rect = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({ x, y, width, height })) rect.setAttribute(key, value);
    const text = document.createElementNS(SVG, "text");
    text.setAttribute("x", x + 1);
    text.setAttribute("y", y + 6);
    text.textContent = label;
    return [rect, text];
  }

  function place(event) {
    const rect = area.getBoundingClientRect();
    const share = (value, from, length) => Math.min(100, Math.max(0, (100 * (value - from)) / length));
    return [share(event.clientX, rect.left, rect.width), share(event.clientY, rect.top, rect.height)];
  }

  function between([x1, y1], [x2, y2]) {
    return [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x1 - x2), Math.abs(y1 - y2)].map((value) => Math.round(value * 10) / 10);
  }

  let from = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = place(event);
    area.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  area.addEventListener("pointermove", (event) => { if (from) paint(between(from, place(event))); });
  area.addEventListener("pointercancel", () => { from = null; paint(null); });
  area.addEventListener("pointerup", (event) => {
    if (!from) return;
    const drawn = between(from, place(event));
    from = null;
    const free = rows.find((row) => row.every((input) => !input.value.trim()));
    if (free && drawn[2] >= SMALLEST && drawn[3] >= SMALLEST) drawn.forEach((value, at) => { free[at].value = value; });
    paint(null);
  });
  form.addEventListener("input", () => paint(null));
  form.querySelectorAll(".clear").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      rows[Number(button.dataset.row)].forEach((input) => { input.value = ""; });
      paint(null);
    });
  });
  masks.querySelector(".drawing-hint").hidden = false;
  paint(null);
}

document.querySelectorAll(".masks").forEach(start);
