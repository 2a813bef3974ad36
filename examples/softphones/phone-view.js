// Shows a phone as its process tells it, and presses its keys.
const by = (id) => document.getElementById(id);
const phone = by("phone");

/** What stands on each key, its letters, and its name where that is not what stands on it. */
const keys = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", "", "star"],
  ["0", "+"],
  ["#", "", "pound"],
];
const words = { idle: "Nobody calls.", ringing: "It rings!", talking: "In a call." };
let state;

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

async function post(path, body) {
  const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  await fetch(path, { method: "POST", ...(body === undefined ? {} : json) });
}

async function press(key) {
  if (state !== "talking") return;
  by("keyed").textContent = (by("keyed").textContent + key).slice(-16);
  await post("/digits", { digits: key });
}

for (const [key, letters, name] of keys) {
  const button = element("button", key);
  button.dataset.when = "talking";
  button.dataset.key = key;
  button.setAttribute("aria-label", name ?? key);
  // Drawn by the style: the letters are no part of a key's name.
  button.dataset.letters = letters;
  button.onclick = () => press(key);
  document.querySelector(".keys").append(button);
}
for (const button of document.querySelectorAll("[data-post]"))
  button.onclick = () => post(button.dataset.post);

// WCAG 2.2, 2.1.4: a single character is a shortcut where the telephone has the focus, and nowhere else.
phone.addEventListener("keydown", (event) => {
  const button = phone.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button === null || event.ctrlKey || event.metaKey || event.altKey || state !== "talking") return;
  button.focus();
  void press(event.key);
});

function show(told) {
  if (told.state !== state && told.state === "ringing") by("keyed").textContent = "";
  state = told.state;
  document.body.className = state;
  document.title = `${state === "ringing" ? "Rings: " : ""}${told.name}'s telephone`;
  if (by("state").textContent !== words[state]) by("state").textContent = words[state];
  by("caller").textContent = told.call?.fromName ?? told.call?.from ?? "";
  const stood = document.activeElement;
  for (const button of document.querySelectorAll("[data-when]"))
    button.disabled = button.dataset.when !== state;
  // Whoever stood on a button that can no longer be pressed stays at the telephone.
  if (stood?.disabled) phone.focus();
  if (told.call) by("facts").replaceChildren(...factsOf(told.call));
}

function factsOf(call) {
  const facts = [
    ["Dialled (DNIS)", call.dialled],
    ["Calling", [call.fromName, call.from].filter(Boolean).join(", ")],
    ["Asserted (ANI)", call.assertedIdentity],
    ["User-to-User", call.userToUser],
    ["Context", call.xContext],
  ];
  return facts
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
}

const events = new EventSource("/events");
events.addEventListener("state", (event) => show(JSON.parse(event.data)));
events.addEventListener("log", (event) => {
  const line = JSON.parse(event.data);
  const item = document.createElement("li");
  item.append(
    element("time", new Date(line.atMs).toLocaleTimeString([], { hour12: false })),
    element("span", line.text),
  );
  by("log").prepend(item);
});
events.onerror = () => {
  state = undefined;
  document.body.className = "gone";
  by("state").textContent = "The phone does not answer.";
  for (const button of document.querySelectorAll("[data-when]")) button.disabled = true;
};
