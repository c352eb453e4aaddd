// The notice beside the door goes back to the door by itself when nobody has touched it for two minutes.
"use strict";
(() => {
  let timer = 0;
  const begin = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.replace("/"), 120000);
  };
  for (const kind of ["pointerdown", "keydown", "scroll"]) addEventListener(kind, begin, { passive: true });
  begin();
})();
