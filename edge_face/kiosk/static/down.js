// The page that says that the door does not answer: looks again every three seconds and comes back by itself.
"use strict";
(() => {
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" });
      if (answer.status !== 503) { location.reload(); return; }
    } catch (error) { /* nobody answers at all: later */ }
    setTimeout(look, 3000);
  };
  setTimeout(look, 3000);
})();
