/** One line for each thing that goes over the wire; what holds more can be opened. */

/** @typedef {import("./scenarios.js").Entry} Entry */

const most = 600;
let readinessMessages = 0;

/** @param {HTMLElement} list @param {Entry} entry */
export function showEntry(list, entry) {
  // A page that is a telephone is asked every four seconds whether it would ring: one question and its answer tell it.
  if (isOfReadiness(entry) && ++readinessMessages > 2) return;
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = `${new Date(entry["atMs"]).toLocaleTimeString([], { hour12: false })} `;
  const kind = document.createElement("b");
  kind.textContent = `${kindOf(entry)} `;
  const { line, more } = told(entry);
  const text = document.createElement("span");
  text.textContent = line;
  if (more === undefined) {
    item.append(time, kind, text);
  } else {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    const pre = document.createElement("pre");
    pre.textContent = more;
    summary.append(time, kind, text);
    details.append(summary, pre);
    item.append(details);
  }
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  while (list.childElementCount > most) list.firstElementChild?.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** @param {Entry} entry */
function isOfReadiness({ type, text }) {
  return type === "sip" && /\r\nCSeq: *\d+ OPTIONS\r\n/i.test(text);
}

/** @param {Entry} entry */
function kindOf({ type, command, event }) {
  if (type === "command") return `> ${command.type}`;
  if (type === "event") return `< ${event.type}`;
  if (type === "web" || type === "web-killed") return "web";
  return type.toUpperCase();
}

/** @param {Entry} entry @returns {{ line: string, more?: string }} */
function told(entry) {
  switch (entry.type) {
    case "click": {
      const { context, token } = entry;
      return { line: `${context.subscriber}, ${context.subject}; token: ${token}`, more: json(context) };
    }
    case "request":
      return { line: `${entry["method"]} ${entry["path"]} ${entry["status"]}` };
    case "step":
      return { line: `${entry["step"]}: ${entry["fact"].became}`, more: json(entry["fact"]) };
    case "page":
      return { line: pageLine(entry["page"]), more: json(entry["page"]) };
    case "command":
      return { line: commandLine(entry["command"]), more: json(entry["command"]) };
    case "event":
      return { line: eventLine(entry["event"]), more: json(entry["event"]) };
    case "sip": {
      const { direction, remote, text, transport } = entry;
      const [first = ""] = text.split("\r\n", 1);
      return { line: `${direction === "out" ? "->" : "<-"} ${remote} ${transport}  ${first}`, more: text };
    }
    case "web":
      return { line: entry["up"] ? "The web process is there." : "The web process is gone." };
    case "web-killed":
      return { line: "kill -9" };
    default:
      return { line: json(entry) };
  }
}

/** @param {Record<string, any>} page */
function pageLine(page) {
  if (page["type"] === "connect") return `connect page: ${page["stage"]}`;
  if (page["type"] === "pushed") return `pushed page: ${page["title"]}`;
  return `disconnect page: ${page["outcome"]}`;
}

/** @param {Record<string, any>} command */
function commandLine(command) {
  if (command["type"] === "dial") return `${legOf(command["leg"])}: ${command["target"].user}`;
  if (command["type"] === "play") return `${legOf(command["leg"])}: ${spoken(command["prompt"])}`;
  return legOf(command["leg"] ?? command["bridge"] ?? "");
}

/** @param {Record<string, any>} event */
function eventLine(event) {
  const what = event["key"]?.digit ?? event["cause"] ?? event["end"] ?? event["why"] ?? "";
  return `${legOf(event["leg"] ?? event["bridge"] ?? "")} ${what}`;
}

/** Of a leg's name what stands behind its call's: `user`, `center.1`. @param {string} name */
function legOf(name) {
  return name.slice(name.indexOf(".") + 1);
}

/** @param {{ segments: readonly Record<string, any>[] }} prompt */
function spoken({ segments }) {
  return segments
    .map(({ type, text, digits, path, tone }) =>
      type === "pause" ? "..." : (text ?? digits ?? path ?? `(${tone})`),
    )
    .join(" ");
}

/** @param {unknown} value */
function json(value) {
  return JSON.stringify(value, null, 2);
}
