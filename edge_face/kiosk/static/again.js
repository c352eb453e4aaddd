// A page that waits for something: goes to where it says after two seconds.
"use strict";
(() => {
  const address = document.querySelector("[data-again]").dataset.again;
  setTimeout(() => location.replace(address), 2000);
})();
