/**
 * What to try on the first run. Each scenario says what to do and what is to be seen; it is ticked when all of that was seen on
 * the wire, of one call. `call` has the entries of that call (docs/wire.md, "The wire view") in their order.
 *
 * @typedef {Readonly<Record<string, any>> & { readonly type: string }} Entry
 * @typedef {{ readonly entries: readonly Entry[] }} Call
 * @typedef {{ readonly says: string, readonly seen: (call: Call) => boolean }} Sight
 * @typedef {{ id: string, title: string, opens: string, does: readonly string[], sees: readonly Sight[] }} Scenario
 */

/** @param {string} stage */
const reaches = (stage) => (/** @type {Call} */ call) =>
  call.entries.some(({ type, page }) => type === "page" && page.stage === stage);
/** @param {string} outcome */
const endsAs = (outcome) => (/** @type {Call} */ call) =>
  call.entries.some(({ type, fact }) => type === "step" && fact.outcome === outcome);
/** @param {string} became */
const notes = (became) => (/** @type {Call} */ call) =>
  call.entries.some(({ type, fact }) => type === "step" && fact.became === became);
/** @param {(entry: Entry) => boolean} is @param {(entry: Entry) => boolean} then */
const after = (is, then) => (/** @type {Call} */ call) => {
  const at = call.entries.findIndex(is);
  return at !== -1 && call.entries.slice(at + 1).some(then);
};

const isConnected = (/** @type {Entry} */ { type, page }) => type === "page" && page.stage === "connected";
const isPushed = (/** @type {Entry} */ { type, fact }) => type === "step" && fact.pushed !== undefined;
const isViewed = (/** @type {Entry} */ { type, path, status }) =>
  type === "request" && /^\/call\/[^/]+$/.test(path) && status === 200;
const isKilled = (/** @type {Entry} */ { type }) => type === "web-killed";
const views = (/** @type {readonly Entry[]} */ entries) => entries.filter(isViewed).length;
/** @param {string} side @param {string} verb */
const dialsFirst = (side, verb) => (/** @type {Call} */ call) => {
  const first = call.entries.find(({ type, command }) => type === "command" && command.type === verb);
  return first !== undefined && first["command"].leg.includes(`.${side}`);
};
const whispersToTheCenter = (/** @type {Call} */ call) =>
  call.entries.some(
    ({ type, command }) =>
      type === "command" &&
      command.type === "play" &&
      command.prompt.private &&
      command.leg.includes(".center"),
  );
const ringsTheVisitor = (/** @type {Call} */ call) =>
  call.entries.some(
    ({ type, command }) => type === "command" && command.type === "dial" && command.leg.endsWith(".user"),
  );
const saysToTheCenter = (/** @type {Call} */ call) =>
  call.entries.some(
    ({ type, command }) => type === "command" && command.type === "play" && command.leg.includes(".center"),
  );
const carriesContext = (/** @type {Call} */ call) =>
  call.entries.some(
    ({ type, command }) =>
      type === "command" && command.type === "dial" && command.identity.userToUserHex !== undefined,
  );

const ringsAPhone = (/** @type {string} */ side) => (/** @type {Call} */ call) =>
  call.entries.some(
    ({ type, command }) =>
      type === "command" &&
      command.type === "dial" &&
      command.leg.includes(`.${side}`) &&
      command.target.type === "phone",
  );
const isTakenUp = (/** @type {Entry} */ { type, direction, text }) =>
  type === "sip" && direction === "out" && /^INVITE [^]*\r\nX-Tandem-Resume: 1\r\n/.test(text);

const callsTheVisitor = 'At the bank, press "Speak to an agent" and type a number such as (202) 555-0101.';
const connects = [
  callsTheVisitor,
  "Ann: Answer, then 1.",
  "Bob: Answer, then #, and wait for the whisper's end.",
];

/** @type {readonly Scenario[]} */
export const scenarios = [
  {
    id: "telephone",
    title: "A call by telephone",
    opens: "bank:/",
    does: [...connects, "Hang up on either telephone."],
    sees: [
      { says: "Ann's telephone is called before anybody else", seen: dialsFirst("user", "dial") },
      { says: "Her page asks for the 1", seen: reaches("confirm-on-phone") },
      { says: "Bob's call carries the context in its signalling", seen: carriesContext },
      { says: "The whisper is played to Bob alone", seen: whispersToTheCenter },
      { says: "They are connected", seen: reaches("connected") },
      { says: "The goodbye page", seen: endsAs("completed") },
    ],
  },
  {
    id: "signed",
    title: "A number that the bank has signed",
    opens: "bank:/mortgages",
    does: [
      'Press "Call me at the number you know", then the button of the page.',
      "Ann: Answer. She need not press 1.",
      "Bob: Answer, then #.",
      "Hang up.",
    ],
    sees: [
      {
        says: "Nobody asks for the 1: the bank vouches for the number",
        seen: (call) => reaches("calling-center")(call) && !reaches("confirm-on-phone")(call),
      },
      { says: "They are connected", seen: reaches("connected") },
    ],
  },
  {
    id: "push",
    title: "A page from a plain telephone",
    opens: "bank:/",
    does: [...connects, "Bob: 1 2 #."],
    sees: [
      {
        says: "The calculator stands in Ann's browser",
        seen: (call) =>
          call.entries.some((entry) => isPushed(entry) && entry["fact"].pushed.page === "calculator"),
      },
    ],
  },
  {
    id: "wrong-digits",
    title: "Digits that mean no page",
    opens: "bank:/",
    does: [...connects, "Bob: 9 9 #. He hears a low tone."],
    sees: [
      { says: "The code is unknown", seen: notes("unknown-code") },
      {
        says: "Bob hears that, and Ann's page stays",
        seen: (call) =>
          notes("unknown-code")(call) &&
          call.entries.some(
            ({ type, command }) =>
              type === "command" &&
              command.type === "play" &&
              command.leg.includes(".center") &&
              command.prompt.segments.some((/** @type {Entry} */ { tone }) => tone === "refuse"),
          ),
      },
    ],
  },
  {
    id: "busy",
    title: "Ann is busy",
    opens: "bank:/",
    does: [callsTheVisitor, "Ann: Busy."],
    sees: [{ says: 'The page says so and offers "Call again"', seen: endsAs("user-busy") }],
  },
  {
    id: "refuses",
    title: "Ann did not ask for this call",
    opens: "bank:/",
    does: [
      'At the bank, press "Speak to an agent" and type (202) 555-0199: this number will be called no more.',
      "Ann: Answer, then 9.",
    ],
    sees: [
      { says: "The refusal is taken down", seen: endsAs("user-refused-calls") },
      {
        says: "The center was not called",
        seen: (call) => !carriesContext(call) && endsAs("user-refused-calls")(call),
      },
    ],
  },
  {
    id: "cancels",
    title: "The visitor changes their mind",
    opens: "bank:/",
    does: [callsTheVisitor, 'While Ann\'s telephone rings, press "Cancel the call" on the page.'],
    sees: [{ says: "The telephone falls silent, the page says goodbye", seen: endsAs("visitor-cancelled") }],
  },
  {
    id: "nobody-signs-on",
    title: "Nobody signs on",
    opens: "tandem:/talk/clinic/appointments",
    does: [
      "Type a number and press the button.",
      "Bob: Answer, and press nothing, as voicemail would. He is asked twice.",
    ],
    sees: [
      { says: "Bob is asked for his key", seen: saysToTheCenter },
      { says: "The page says that no agent was available", seen: endsAs("nobody-signed-on") },
      {
        says: "Ann's telephone never rang",
        seen: (call) => !ringsTheVisitor(call) && endsAs("nobody-signed-on")(call),
      },
    ],
  },
  {
    id: "center-first",
    title: "The center first",
    opens: "tandem:/talk/clinic/appointments",
    does: ["Type a number and press the button.", "Bob: Answer, then #.", "Ann: Answer.", "Hang up."],
    sees: [
      { says: "Bob's telephone rings before Ann's", seen: dialsFirst("center", "dial") },
      { says: "They are connected", seen: reaches("connected") },
    ],
  },
  {
    id: "outside-hours",
    title: "Outside hours",
    opens: "tandem:/talk/clinic/night",
    does: ["Look at the page: it says when to come again, and what is open now."],
    sees: [
      {
        says: "Nobody can be called",
        seen: (call) =>
          call.entries.some(({ type, path }) => type === "request" && path === "/talk/clinic/night"),
      },
    ],
  },
  {
    id: "two-tabs",
    title: "Two tabs, one call",
    opens: "bank:/",
    does: [
      ...connects,
      'Press "The same call in another window" above the pane.',
      "Bob: 1 2 #. Look at both.",
    ],
    sees: [
      { says: "Two pages of one call", seen: (call) => views(call.entries) >= 2 },
      {
        says: "The page came once, for both",
        seen: (call) => views(call.entries) >= 2 && call.entries.filter(isPushed).length === 1,
      },
    ],
  },
  {
    id: "reload",
    title: "A reload in mid-call",
    opens: "bank:/",
    does: [...connects, 'Press "Reload" above the pane.', "Hang up."],
    sees: [
      { says: "The page is there again, and the call goes on", seen: after(isConnected, isViewed) },
      {
        says: "It ends as it should",
        seen: (call) => after(isConnected, isViewed)(call) && endsAs("completed")(call),
      },
    ],
  },
  {
    id: "kill",
    title: "The web process dies in mid-call",
    opens: "bank:/",
    does: [...connects, 'Press "Kill the web process" above the wire.', "Bob: 1 2 #.", "Hang up."],
    sees: [
      { says: "It dies while the two talk", seen: after(isConnected, isKilled) },
      { says: "The page is pushed by the next one", seen: after(isKilled, isPushed) },
      {
        says: "The call ends as if nothing had been",
        seen: (call) => call.entries.some(isKilled) && endsAs("completed")(call),
      },
    ],
  },
  {
    id: "center-busy",
    title: "The center is busy",
    opens: "tandem:/talk/clinic/appointments",
    does: ["Type a number and press the button.", "Bob: Busy."],
    sees: [{ says: "The page says so", seen: endsAs("center-busy") }],
  },
  {
    id: "agent-hangs-up",
    title: "Bob hangs up before he signs on",
    opens: "tandem:/talk/clinic/appointments",
    does: ["Type a number and press the button.", "Bob: Answer, then Hang up."],
    sees: [{ says: "The call ends, and the page says so", seen: endsAs("agent-hung-up-early") }],
  },
  {
    id: "browser",
    title: "A call from the browser",
    opens: "bank:/",
    does: [
      'At the bank, press "Speak to an agent", then "Talk from this browser". The browser asks for the microphone.',
      'Say something: the level moves. Then "Begin the call".',
      "Bob: Answer, then #.",
      "Hang up.",
    ],
    sees: [
      { says: "The visitor's own page is rung, and no telephone", seen: ringsAPhone("user") },
      {
        says: "Nobody asks for a 1: who gives the microphone has agreed",
        seen: (call) => reaches("connected")(call) && !reaches("confirm-on-phone")(call),
      },
      { says: "The goodbye page", seen: endsAs("completed") },
    ],
  },
  {
    id: "agent-page",
    title: "An agent whose telephone is a page",
    opens: "tandem:/talk/bank/pensions",
    does: [
      "Carol: sign in with what stands above her pane, until it says that she is ready.",
      "Type a number and press the button. Ann: Answer, then 1.",
      "Carol: Answer, then #, and wait for the whisper's end. Then 1 2 #.",
      "Carol: Hang up.",
    ],
    sees: [
      { says: "Carol's page is rung", seen: ringsAPhone("center") },
      { says: "They are connected", seen: reaches("connected") },
      { says: "Her keys push a page", seen: (call) => call.entries.some(isPushed) },
      { says: "The goodbye page", seen: endsAs("completed") },
    ],
  },
  {
    id: "agent-reload",
    title: "The agent's page is loaded anew in mid-call",
    opens: "tandem:/talk/bank/pensions",
    does: [
      "As before, until they are connected.",
      'Press "Reload" above Carol\'s pane. In a moment she talks again; Ann noticed a gap.',
      "Carol: Hang up.",
    ],
    sees: [
      { says: "The page is called again, without a ring", seen: after(isConnected, isTakenUp) },
      {
        says: "Nobody was dropped: it ends as it should",
        seen: (call) => after(isConnected, isTakenUp)(call) && endsAs("completed")(call),
      },
    ],
  },
  {
    id: "spanish",
    title: "In Spanish",
    opens: "bank:/es",
    does: [
      'Press "Hablar con un agente", type a number, and press the button.',
      "Ann: Answer, then 1. Bob: Answer, then #.",
      "Hang up.",
    ],
    sees: [
      {
        says: "Ann is spoken to in Spanish",
        seen: (call) =>
          call.entries.some(
            ({ type, command }) =>
              type === "command" &&
              command.type === "play" &&
              command.prompt.language === "es" &&
              command.leg.includes(".user"),
          ),
      },
      { says: "They are connected", seen: reaches("connected") },
    ],
  },
];
