// Keeps a call's page as the call is. Without this script the page fetches itself again instead; nothing else is lost.
(() => {
  const { events, after, lost, back } = document.currentScript.dataset;
  const main = document.getElementById("main");
  const said = document.getElementById("said");
  let seq = Number(after);
  let failures = 0;
  let source;
  let timer;

  function connect() {
    source = new EventSource(`${events}?after=${seq}`);
    source.onopen = () => {
      if (failures > 1) notice(undefined, back);
      failures = 0;
    };
    source.addEventListener("page", (event) => {
      const page = JSON.parse(event.data);
      seq = Number(event.lastEventId);
      show(page);
      if (page.final) close();
    });
    source.onerror = () => {
      // Our own reconnection instead of the browser's: it spreads a crowd over time, and gives up on no answer.
      close();
      failures += 1;
      if (failures === 2) notice(lost, lost);
      const longest = Math.min(15000, 500 * 2 ** failures);
      timer = setTimeout(connect, longest * (0.5 + Math.random() / 2));
    };
  }

  function close() {
    clearTimeout(timer);
    source?.close();
  }

  function show(page) {
    const had = main.contains(document.activeElement) || document.activeElement === document.body;
    main.innerHTML = page.main;
    document.title = page.title;
    const headline = document.getElementById("headline");
    said.lang = page.language;
    said.textContent = page.said;
    // Focus follows only when it stood on what was taken away: a visitor in the header stays there.
    if (had && headline) headline.focus({ preventScroll: !page.turn });
    if (page.turn) scrollTo(0, 0);
  }

  function notice(text, spoken) {
    document.querySelector(".lost")?.remove();
    said.textContent = spoken;
    if (!text) return;
    const line = document.createElement("p");
    line.className = "note lost";
    line.textContent = text;
    main.append(line);
  }

  // A page taken from the back-forward cache is as old as it was left: look again at once.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  addEventListener("pagehide", close);
  addEventListener("online", () => {
    if (source?.readyState === EventSource.CLOSED && timer) {
      clearTimeout(timer);
      connect();
    }
  });
  connect();
})();
