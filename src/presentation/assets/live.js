// Keeps a call's page as the call is. Where this script does not run the page fetches itself again instead.
(() => {
  if (!window.EventSource) return;
  // The page's refresh follows this element. Inside a template it does nothing, and nothing else would stop it.
  document.write("<template>");
  const { events, after, lost, back } = document.currentScript.dataset;
  const main = document.getElementById("main");
  const said = document.getElementById("said");
  let seq = Number(after);
  let failures = 0;
  // So many times yet, one answer at a time: behind a proxy that holds an event stream back nothing else comes through.
  let polls = 0;
  let source;
  let asked;
  let silence;
  let timer;
  // Pages are shown one after the other, as they came.
  let turn = Promise.resolve();

  function connect() {
    timer = undefined;
    if (polls > 0) poll();
    else listen();
  }

  function listen() {
    source = new EventSource(`${events}?after=${seq}`);
    let heard = false;
    silence = setTimeout(() => lose(heard), 1500);
    source.addEventListener("hello", () => {
      heard = true;
      clearTimeout(silence);
      reached();
    });
    source.addEventListener("page", (event) => take(Number(event.lastEventId), JSON.parse(event.data)));
    source.onerror = () => lose(heard);
  }

  // Our own reconnection instead of the browser's: it spreads a crowd over time, and gives up on no answer.
  function lose(heard) {
    close();
    polls = heard ? 0 : 30;
    if (heard) later();
    else connect();
  }

  async function poll() {
    const mine = new AbortController();
    asked = mine;
    silence = setTimeout(() => mine.abort(), 30000);
    try {
      const answer = await fetch(`${events}?after=${seq}&poll`, { signal: mine.signal });
      const pages = answer.status === 204 ? [] : await answer.json();
      if (asked !== mine) return;
      clearTimeout(silence);
      reached();
      for (const { seq: number, page } of pages) take(number, page);
      polls -= 1;
      if (answer.status === 200 && !pages.at(-1)?.page.final) connect();
    } catch {
      if (asked !== mine) return;
      close();
      polls = 0;
      later();
    }
  }

  function reached() {
    if (failures > 1) notice(undefined, back);
    failures = 0;
  }

  function later() {
    failures += 1;
    if (failures === 2) notice(lost, lost);
    // Not doubled each time: a process that takes three seconds to come back must not cost the visitor six.
    const longest = Math.min(15000, 500 * 1.5 ** failures);
    timer = setTimeout(connect, longest * (0.5 + Math.random() / 2));
  }

  function take(number, page) {
    seq = number;
    turn = turn.then(() => showInTurn(page));
  }

  async function showInTurn(page) {
    if (page.push && !(await isMine(page.push))) return;
    show(page);
    if (!page.final) return;
    close();
    // A telephone in this page has nothing to wait for any more.
    document.dispatchEvent(new Event("tandem-over"));
  }

  // The agent hears whether a page is shown. What came too late was taken back: it is not shown any more.
  async function isMine(push) {
    for (let longest = 200; ; longest = Math.min(3000, 2 * longest)) {
      try {
        const url = events.replace("events", `shown/${push}`);
        const answer = await fetch(url, { method: "POST", signal: AbortSignal.timeout?.(2000) });
        if (answer.status < 500 && answer.status !== 429) return answer.ok;
      } catch {}
      await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
    }
  }

  function close() {
    clearTimeout(timer);
    clearTimeout(silence);
    timer = undefined;
    source?.close();
    asked?.abort();
    asked = undefined;
  }

  function show(page) {
    const at = document.activeElement;
    const taken = at !== main && main.contains(at);
    const action = taken && !page.turn && at.closest("form")?.getAttribute("action");
    main.innerHTML = page.main;
    document.title = page.title;
    if (page.turn) scrollTo(0, 0);
    // Whoever stood on a button stands on it again.
    const form = [...main.querySelectorAll("form")].find((form) => form.getAttribute("action") === action);
    form?.querySelector("button").focus({ preventScroll: true });
    // Where the headline gets the focus a screen reader reads it: it is not said a second time.
    const headline = document.getElementById("headline");
    const reads = headline && !form && (taken || (page.turn && at === document.body));
    if (reads) headline.focus({ preventScroll: !page.turn });
    say(reads ? "" : page.said, page.language);
  }

  function say(text, language = document.documentElement.lang) {
    said.lang = language;
    said.textContent = text;
  }

  function notice(text, spoken) {
    document.querySelector(".lost")?.remove();
    say(spoken);
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
  // Only who waits to come back has anything to hurry for: a call that is over does not.
  addEventListener("online", () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    connect();
  });
  connect();
})();
