import { scenarios } from "./scenarios.js";
import { showEntry } from "./wire-view.js";

/** @typedef {import("./scenarios.js").Entry} Entry */
/** @typedef {import("./scenarios.js").Call} Call */

/** @param {string} id */
const by = (id) => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no ${id}.`);
  return found;
};
const site = /** @type {HTMLIFrameElement} */ (document.querySelector("iframe[name=site]"));
const carol = /** @type {HTMLIFrameElement} */ (document.querySelector("iframe[name=carol]"));
const { tandem = "", bank = "" } = document.body.dataset;

/** What was seen of each call, and of pages that lead to none. @type {Map<string, { entries: Entry[] }>} */
const calls = new Map();
let newest = "";

drawScenarios();
const wire = new EventSource("/wire");
wire.onmessage = ({ data }) => take(JSON.parse(data));

by("reload").addEventListener("click", () => {
  site.src = newest === "" ? `${bank}/` : `${tandem}/call/${newest}`;
});
by("reload-carol").addEventListener("click", () => {
  carol.src = `${tandem}/phone`;
});
by("kill").addEventListener("click", () => void fetch("/kill-web", { method: "POST" }));
by("clear").addEventListener("click", () => by("wire").replaceChildren());

/** @param {Entry} entry */
function take(entry) {
  showEntry(by("wire"), entry);
  if (entry.type === "web")
    by("web").textContent = entry["up"] ? "" : "The web process is gone. The call is not.";
  const call = callOf(entry);
  if (entry.type === "step" && entry["step"] === "begin-call") startCall(call);
  for (const id of call === "" ? [newest] : [call]) {
    const seen = calls.get(id) ?? { entries: [] };
    seen.entries.push(entry);
    calls.set(id, seen);
    tick(seen);
  }
}

/** @param {string} call */
function startCall(call) {
  newest = call;
  const link = /** @type {HTMLAnchorElement} */ (by("window"));
  link.href = `${tandem}/call/${call}`;
  link.hidden = false;
}

/** Whose entry it is: of legs and bridges the part of the name before the first dot. @param {Entry} entry */
function callOf(entry) {
  const { call, path = "", command, event } = entry;
  const inPath = /^\/call\/([^/]+)/.exec(path)?.[1];
  const line = command?.leg ?? command?.bridge ?? event?.leg ?? event?.bridge;
  return call ?? inPath ?? line?.split(".")[0] ?? "";
}

function drawScenarios() {
  for (const { id, title, opens, does, sees } of scenarios) {
    const details = document.createElement("details");
    details.className = "scenario";
    details.id = `scenario-${id}`;
    const open = document.createElement("button");
    open.type = "button";
    open.className = "go";
    open.textContent = "Open the page for it";
    open.addEventListener("click", () => {
      site.src = opens.replace(/^bank:/, bank).replace(/^tandem:/, tandem);
    });
    const tickOf = element("span", "☐ ", "done");
    const summary = element("summary", "");
    summary.append(tickOf, title);
    const todo = element("ol", "");
    todo.append(...does.map((text) => element("li", text)));
    const seen = element("ul", "");
    seen.append(
      ...sees.map(({ says }) => {
        const item = element("li", "");
        item.append(element("span", "☐ ", "done"), says);
        return item;
      }),
    );
    details.append(summary, open, element("h3", "Do this"), todo, element("h3", "You should see this"), seen);
    by("scenarios").append(details);
  }
  score();
}

/** A scenario is seen when one call has shown all of it; it stays so. @param {Call} call */
function tick(call) {
  for (const { id, sees } of scenarios) {
    const drawn = by(`scenario-${id}`);
    if (drawn.classList.contains("seen")) continue;
    const held = sees.map(({ seen }) => seen(call));
    const marks = drawn.querySelectorAll("li .done");
    held.forEach((holds, at) => {
      const mark = marks[at];
      if (mark != null) mark.textContent = holds ? "☑ " : "☐ ";
    });
    if (!held.every(Boolean)) continue;
    drawn.classList.add("seen");
    const mark = drawn.querySelector("summary .done");
    if (mark !== null) mark.textContent = "☑ ";
    score();
  }
}

function score() {
  const seen = document.querySelectorAll(".scenario.seen").length;
  by("score").textContent =
    `${seen} of ${scenarios.length} seen. Each is ticked when the wire has shown all of it.`;
}

/** @param {string} name @param {string} text */
function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}
