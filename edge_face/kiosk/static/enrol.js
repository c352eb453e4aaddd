// Enrolling: asks what to do now, or sends what this device's camera sees, one picture at a time.
"use strict";
(() => {
  const guide = document.querySelector(".guide");
  if (!guide) return;
  const words = guide.querySelector(".guide-words");
  const bar = guide.querySelector("progress");
  const head = guide.querySelector(".guide-head");
  const steps = [...guide.querySelectorAll(".guide-steps li")];
  const csrf = document.querySelector("meta[name=csrf]").content;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  let over = false;

  const say = (text) => { if (words.textContent !== text) words.textContent = text; };

  // False when the page has to be shown anew: it is over, one way or the other.
  const show = (state) => {
    say(state.text);
    if (bar) bar.value = state.share || 0;
    if (head) head.dataset.step = state.step || "";
    const now = steps.findIndex((one) => one.dataset.step === state.step);
    steps.forEach((one, number) => {
      one.classList.toggle("now", number === now);
      one.classList.toggle("past", now >= 0 && number < now);
      if (number === now) one.setAttribute("aria-current", "step"); else one.removeAttribute("aria-current");
    });
    const camera = guide.querySelector(".guide-camera");
    if (camera) camera.classList.toggle("good", Boolean(state.good));
    if (state.phase === "running") return true;
    over = true;
    location.reload();
    return false;
  };

  const ask = async (address, options) => {
    const answer = await fetch(address, { headers: { accept: "application/json", "x-csrf": csrf, ...(options || {}).headers }, ...options,
      cache: "no-store", credentials: "same-origin" });
    return [answer.status, answer.headers.get("content-type")?.includes("json") ? await answer.json() : {}];
  };

  // The door's own camera: what is new.
  const follow = async () => {
    let number = guide.dataset.number;
    while (!over) {
      try {
        const [status, state] = await ask(`${guide.dataset.state}?after=${number}`);
        if (status === 200) {
          number = state.number;
          if (!show(state)) return;
          continue;
        }
        if (status === 400 || status === 401 || status === 403 || status === 404) { over = true; location.reload(); return; }
      } catch { /* the door is away for a moment */ }
      await pause(1500);
    }
  };

  // The camera of this device: a picture goes, what to do comes back, the next one goes.
  const film = async () => {
    const video = guide.querySelector("video");
    say(guide.dataset.start);
    if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) { say(guide.dataset.insecure); return; }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false,
        video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } } });
    } catch (error) {
      say(error.name === "NotFoundError" || error.name === "OverconstrainedError" ? guide.dataset.missing : guide.dataset.refused);
      return;
    }
    addEventListener("pagehide", () => stream.getTracks().forEach((track) => track.stop()));
    video.srcObject = stream;
    await video.play();
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { alpha: false });
    while (!over) {
      if (document.hidden || !video.videoWidth) { await pause(300); continue; }
      const scale = Math.min(1, 640 / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const picture = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
      const begun = performance.now();
      try {
        const [status, state] = await ask(guide.dataset.look, { method: "POST", body: picture,
          headers: { accept: "application/json", "x-csrf": csrf, "content-type": "image/jpeg" } });
        if (status === 200) {
          if (!show(state)) break;
        } else if (status === 503 || status === 409 && state.error?.kind !== "EnrolmentError") {
          say(guide.dataset.lost);
          await pause(1500);
        } else {
          over = true;
          location.reload();
        }
      } catch {
        say(guide.dataset.lost);
        await pause(1500);
      }
      // At most five a second: the door has other things to do.
      await pause(Math.max(0, 200 - (performance.now() - begun)));
    }
    stream.getTracks().forEach((track) => track.stop());
  };

  if (guide.dataset.state) follow(); else if (guide.dataset.look) film();
})();
