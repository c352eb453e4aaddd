// The page beside the door: shows the state that the door tells (/state), its hidden picture, and takes codes.
// Nothing here decides anything; what is typed goes to the door and is forgotten.
"use strict";
(() => {
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const words = new Map();
  for (const one of at("words").content.querySelectorAll("[data-key]")) words.set(one.dataset.key, one.textContent);
  const word = (key, values = {}) => (words.get(key) || "").replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
  const first = (...keys) => keys.map((key) => word(key)).find((text) => text) || "";
  const csrf = document.querySelector('meta[name="csrf"]').content;

  let state = { phase: "idle", message: "", factors: {}, camera: "ok", assurance: "", clock_trusted: true };
  let down = false;
  const pad = at("pad"), text = at("text"); // none where codes are not typed here
  let awakeUntil = 0;      // somebody touched a sleeping page: it stays awake so long (performance.now)
  let said = null;         // what became of a code: { text, until }
  let restUntil = null, ticking = 0, clockOffset = 0, moving = null, promptOf = "";

  // Words

  const DRAWN = { left: "turn_left", right: "turn_right", up: "look_up" }; // what enrolment asks for looks as a challenge does
  const suffix = () => (state.factors.code ? ".code" : state.factors.card ? ".card" : "");
  function sentence() {
    if (down) return word("phase.down");
    if (state.enrol) return first(`enrol.${state.enrol.key}`) || state.enrol.text || "";
    const { phase, message, assurance } = state;
    const messageText = message ? first(`message.${message}${suffix()}`, `message.${message}`) : "";
    if (phase === "granted") return state.greeting || messageText || word("phase.granted");
    if (phase === "idle") return messageText || first(`phase.idle.${assurance}`, "phase.idle");
    if (["denied", "open", "fault", "resting", "lockdown", "look"].includes(phase) && messageText) return messageText;
    return word(`phase.${phase}`);
  }
  function further() {
    if (said && performance.now() < said.until) return said.text;
    if (down) return "";
    const left = restUntil === null ? 0 : Math.ceil((restUntil - performance.now()) / 1000);
    if (left > 0) return word("other.rest", { s: left });
    const asks = ["nearer", "turn_left", "turn_right", "look_up", "blink", "code", "card", "wait"].includes(state.phase);
    return asks && state.message ? first(`message.${state.message}`) : "";
  }
  function put(element, text) {
    if (element.textContent !== text) element.textContent = text; // a live region says what changes, once
  }

  // The page

  function show() {
    const asleep = !down && !state.enrol && state.phase === "asleep" && performance.now() > awakeUntil;
    root.dataset.phase = down ? "down" : state.enrol ? DRAWN[state.enrol.step] || "look"
      : state.phase === "asleep" && !asleep ? "idle" : state.phase;
    root.dataset.camera = state.camera;
    root.dataset.needs = ["code", "card"].includes(state.assurance) ? state.assurance : "";
    root.dataset.code = pad && state.factors.pad !== false ? "1" : "0";
    at("unset").hidden = state.clock_trusted !== false;
    put(at("say"), sentence());
    put(at("more"), further());
    if (at("night").hidden === asleep) {
      at("night").hidden = !asleep;
      if (asleep) { clearCode(); goHome(); }
    }
    picture(!asleep && !down && !["gone", "off"].includes(state.camera) && !document.hidden);
    countdown();
    tick();
  }

  function countdown() {
    const enrolling = !down && state.enrol;
    const seconds = down || enrolling ? null : state.prompt_seconds;
    const key = seconds == null ? "" : `${state.phase}`;
    at("left").hidden = seconds == null && !enrolling;
    at("bar").style.transform = enrolling ? `scaleX(${Math.min(1, Math.max(0, state.enrol.share || 0))})` : "";
    if (key === promptOf && seconds != null && Math.abs(seconds * 1000 - remaining()) < 400) return;
    promptOf = key;
    if (moving) { moving.cancel(); moving = null; }
    if (seconds == null) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    moving = at("bar").animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }],
      { duration: Math.max(1, seconds * 1000), fill: "forwards", easing: still ? "steps(5)" : "linear" });
  }
  function remaining() {
    if (!moving) return 0;
    return moving.effect.getTiming().duration - (moving.currentTime || 0);
  }

  // A second hand only while something is counted; else the clock's minute.
  function tick() {
    clearTimeout(ticking);
    const now = Date.now() + clockOffset, night = !at("night").hidden;
    const zone = root.dataset.zone || undefined;
    const shown = new Date(now);
    let time = "", day = "";
    try {
      time = shown.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
      day = shown.toLocaleDateString(root.lang, { weekday: "long", day: "numeric", month: "long", timeZone: zone });
    } catch (error) { time = shown.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }); }
    put(at("clock"), time);
    put(at("day"), day);
    if (night) {
      put(at("moon"), time);
      const minute = Math.floor(now / 60000);
      at("wander").style.transform = `translate(${((minute * 7) % 21) - 10}vw, ${((minute * 5) % 15) - 7}vh)`;
    }
    put(at("more"), further());
    const counting = (restUntil !== null && restUntil > performance.now()) || (said && performance.now() < said.until);
    ticking = setTimeout(tick, counting ? 500 : 60000 - (now % 60000) + 50);
  }

  // The picture

  let wanted = false, retry = 0;
  const image = at("picture");
  function picture(on) {
    if (!image || on === wanted) return;
    wanted = on;
    clearTimeout(retry);
    if (on) image.src = `/picture.mjpeg?at=${Date.now()}`;
    else { image.hidden = true; image.removeAttribute("src"); }
  }
  if (image) {
    image.addEventListener("load", () => { image.hidden = !wanted; });
    image.addEventListener("error", () => {
      image.hidden = true;
      if (!wanted) return;
      clearTimeout(retry);
      retry = setTimeout(() => { if (wanted) image.src = `/picture.mjpeg?at=${Date.now()}`; }, 3000);
    });
  }
  // A browser has six connections to one machine: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { clearTimeout(again); if (source) source.close(); source = null; show(); } else listen();
  });

  // The state

  let source = null, lost = false, again = 0;
  function listen() {
    if (source) source.close();
    source = new EventSource("/state");
    source.addEventListener("state", (event) => { take(JSON.parse(event.data)); });
    source.addEventListener("down", () => { down = true; show(); });
    source.addEventListener("open", () => { if (lost) location.reload(); }); // these pages were started anew: begin anew as well
    source.addEventListener("error", () => {
      if (!source) return; // closed by this page itself
      lost = down = true;
      show();
      clearTimeout(again);
      if (!document.hidden) again = setTimeout(listen, 2000);
    });
  }
  function take(next) {
    if (down) picture(false);
    down = false;
    state = { enrol: null, ...state, ...next, factors: next.factors || {} };
    restUntil = next.rest_seconds == null ? null : performance.now() + next.rest_seconds * 1000;
    if (typeof next.time === "number") clockOffset = next.time * 1000 - Date.now();
    if (next.phase !== "asleep") awakeUntil = 0;
    if (["granted", "denied", "resting"].includes(next.phase)) said = null;
    show();
  }

  // Codes

  let forget = 0;
  function clearCode() {
    clearTimeout(forget);
    if (text) text.value = "";
  }
  function typed() {
    awake();
    clearTimeout(forget);
    forget = setTimeout(clearCode, 20000);
  }
  function press(key) {
    if (key === "back") text.value = text.value.slice(0, -1);
    else if (text.value.length < text.maxLength) text.value += key;
    typed();
  }
  function tell(key) {
    said = { text: word(`offer.${key}`), until: performance.now() + 5000 };
    show();
  }
  async function send() {
    const code = text.value;
    clearCode();
    if (!code) return;
    try {
      const answer = await fetch("/code", {
        method: "POST", headers: { "X-CSRF": csrf, Accept: "application/json" }, body: new URLSearchParams({ text: code }), cache: "no-store",
      });
      if (answer.status === 403) { location.reload(); return; }
      tell(answer.ok ? (await answer.json()).offer : "lost");
    } catch (error) { tell("lost"); }
  }
  function preparePad() {
    at("keys").hidden = false;
    at("send").hidden = true;
    at("keys").addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (key) press(key.dataset.key);
    });
    pad.addEventListener("submit", (event) => { event.preventDefault(); send(); });
    text.addEventListener("input", typed);
    addEventListener("keydown", (event) => { // a keypad that is a keyboard, wherever the focus is
      if (event.ctrlKey || event.altKey || event.metaKey || event.target === text) return;
      if (/^[0-9]$/.test(event.key)) press(event.key);
      else if (event.key === "Backspace") press("back");
      else if (event.key === "Escape") clearCode();
      else if (event.key === "Enter" && text.value && !event.target.closest("a, button")) send();
      else return;
      if (event.key !== "Escape") event.preventDefault();
    });
  }
  if (pad) preparePad();

  // Sleep

  function awake() { if (state.phase === "asleep") awakeUntil = performance.now() + 30000; }
  at("night").addEventListener("click", () => {
    awake();
    show();
    setTimeout(show, 30100);
    if (text) text.focus({ preventScroll: true });
  });

  // The next one at the door finds the door's own language.
  function goHome() { if (root.lang !== root.dataset.home) location.replace("/"); }
  if (root.lang !== root.dataset.home) {
    let left = 0;
    const begin = () => {
      clearTimeout(left);
      left = setTimeout(() => { if (["idle", "asleep"].includes(state.phase)) goHome(); else begin(); }, 60000);
    };
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, begin);
    begin();
  }
  addEventListener("contextmenu", (event) => event.preventDefault());

  show();
  listen();
})();
