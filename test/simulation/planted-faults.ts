/** One small change of a product's source: the gate must find each. */
export interface PlantedFault {
  readonly name: string;
  readonly edits: readonly Edit[];
}

interface Edit {
  /** Under `src/`. */
  readonly file: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
}

const requests = "telecom/sip/dialog/requests.ts";
const calling = "telecom/sip/dialog/calling.ts";
const refresh = "telecom/sip/dialog/refresh.ts";
const leg = "telecom/switch/leg.ts";
const line = "telecom/switch/line.ts";
const inviteClient = "telecom/sip/transaction/invite-client.ts";
const layer = "telecom/sip/transaction/transaction-layer.ts";
const steps = "call-manager/steps";

const one = (name: string, file: string, from: string, to: string): PlantedFault => ({
  name,
  edits: [{ file, from, to }],
});

export const plantedFaults: readonly PlantedFault[] = [
  // What is written down.
  {
    name: "a call is said to have begun before it is written",
    edits: [
      {
        file: "call-manager/begin-call.ts",
        from: "  return database.transaction(async (tx): Promise<Begun> => {",
        to: "  const said = Promise.withResolvers<Begun>(); const written = database.transaction(async (tx): Promise<Begun> => {",
      },
      {
        file: "call-manager/begin-call.ts",
        from: "    await insertCall(tx, call);",
        to: '    said.resolve({ answer: { type: "begun", call: id, resumed: false }, begun: { call, noted } }); await insertCall(tx, call);',
      },
      {
        file: "call-manager/begin-call.ts",
        from: '    return { answer: { type: "begun", call: id, resumed: false }, begun: { call, noted } };\n  });',
        to: '    return { answer: { type: "begun", call: id, resumed: false }, begun: { call, noted } };\n  }); written.catch(() => {}); return Promise.race([said.promise, written]);',
      },
    ],
  },
  one(
    "the journal is not written",
    "call-manager/checkpoint.ts",
    "  await appendJournal(tx, [row]);",
    "  void row;",
  ),
  one(
    "a form makes a call each time",
    "call-manager/begin-call.ts",
    '    await useTicket(tx, { kind: "form", id: wish.ticket }, id);',
    "",
  ),
  one(
    "live calls are not taken up after a death",
    "call-manager/kernel/run-calls.ts",
    "    await Promise.all(calls.map((call) => this.run(call)));",
    "    void calls;",
  ),
  one(
    "seconds count from the dialling",
    "call-manager/call-seconds.ts",
    "lineOf(leg)?.answeredAtMs ?? noted.answeredAtMs",
    "lineOf(leg)?.dialedAtMs ?? noted.answeredAtMs",
  ),
  // Who may be called.
  one(
    "a permit is not written",
    "network/dial-permit.ts",
    "  await permits.insertPermit(tx, permit, { lapsesAtMs: wish.lapsesAtMs, ...visitor });",
    "  void visitor;",
  ),
  one(
    "the operator's stop is not asked",
    "call-manager/telephone.ts",
    '  if (await callsAreStopped(database, scope.call.subscriber)) return "not-permitted";',
    "  void database;",
  ),
  one(
    "nobody is asked to agree",
    "call-manager/web-call.ts",
    'const asks = policy.confirmation === "always" ||',
    "const asks =",
  ),
  // Pages.
  one(
    "a page is pushed twice",
    `${steps}/converse.ts`,
    '    pages: [{ type: "pushed", page: page.id, title, url, push: call.pushed.length + 1 }],',
    '    pages: [1, 2].map(() => ({ type: "pushed" as const, page: page.id, title, url, push: call.pushed.length + 1 })),',
  ),
  one(
    "a page that was taken back is shown all the same",
    "call-manager/session-page-table.ts",
    "  return row?.result ?? undefined;",
    '  return row === undefined ? undefined : "shown";',
  ),
  one(
    "a page is confirmed when it is pushed",
    `${steps}/converse.ts`,
    "    call: { pushed: [...call.pushed, pushed] },",
    '    call: { pushed: [...call.pushed, pushed], answer: { play: name, tone: "confirm" } },',
  ),
  {
    name: "digits are taken after the push",
    edits: [
      { file: `${steps}/converse.ts`, from: '    fact: "pushed",\n    took,\n', to: '    fact: "pushed",\n' },
      {
        file: `${steps}/converse.ts`,
        from: "push: call.pushed.length + 1 }],\n  });",
        to: 'push: call.pushed.length + 1 }],\n  });\n  await scope.note({ fact: "taken", took });',
      },
    ],
  },
  one(
    "a push is noted and not shown",
    `${steps}/converse.ts`,
    '    pages: [{ type: "pushed", page: page.id, title, url, push: call.pushed.length + 1 }],',
    "",
  ),
  one(
    "the last page is told again",
    "call-manager/session-page-table.ts",
    '      .where("seq", ">", afterSeq)',
    '      .where("seq", ">=", afterSeq)',
  ),
  one(
    "a code shows whichever subscriber's page",
    "network/page-table.ts",
    '    .where("mapping.subscriber", "=", key.subscriber)\n',
    "",
  ),
  // Who hears what.
  one(
    "the visitor hears the agent's keys",
    `${steps}/bridge.ts`,
    "blockDigitsFrom: [agent]",
    "blockDigitsFrom: []",
  ),
  one(
    "the whisper goes to the visitor",
    `${steps}/whisper.ts`,
    '  const whispered = play(scope, agent, "whisper", prompt);',
    '  const whispered = play(scope, legsOf(call).user, "whisper", prompt);',
  ),
  one(
    "a key told in two ways counts twice",
    leg,
    "  if (lastPress !== undefined && tellsAgain(lastPress, pressed))",
    "  if (lastPress !== undefined && Number.isNaN(lastPress.fromMs))",
  ),
  // How calls end.
  one(
    "only one leg is hung up",
    `${steps}/say-goodbye.ts`,
    "  for (const { leg, state } of linesOfCall())\n",
    "  for (const { leg, state } of linesOfCall().slice(0, 1))\n",
  ),
  one(
    "the ring's deadline is missed",
    leg,
    "      return Math.min(leg.ringUntilMs, leg.endAtMs);",
    "      return leg.endAtMs;",
  ),
  one(
    "talk is limited from the click",
    "call-manager/call.ts",
    "  return call.bridgedAtMs + call.policy.maxCallMinutes * 60_000;",
    "  return call.beganAtMs + call.policy.maxCallMinutes * 60_000;",
  ),
  one(
    "the end of a call is not said",
    line,
    "        return this.#telephone.hangUp([reasonHeader(effect.reason)]);",
    "        return;",
  ),
  one("a termination is not released", line, "          await media.release(this.id);\n", "        return;"),
  // SIP.
  one(
    "the CSeq of a dialog is not taken",
    requests,
    "    ...call,\n    localSeq: cseq,\n    begun: call.begun + 1,\n    login,\n",
    "    ...call,\n    begun: call.begun + 1,\n    login,\n",
  ),
  one(
    "an INVITE with credentials has the CSeq before",
    requests,
    "  const cseq = call.localSeq + 1;\n  const tx = String(call.begun + 1);\n  const body",
    "  const cseq = Math.max(1, call.localSeq);\n  const tx = String(call.begun + 1);\n  const body",
  ),
  one(
    "responses are matched without their branch",
    "telecom/sip/transaction/keys.ts",
    'return `${paramValue(topVia(message).params, "branch") ?? ""} ${cseq(message).method}`;',
    "return `${callId(message)} ${cseq(message).method}`;",
  ),
  one(
    "the ACK of a 2xx is not said again",
    calling,
    "  if (known?.ack !== undefined) return [call, ackOf(call, known)];",
    "  if (known?.ack !== undefined) return [call, []];",
  ),
  one(
    "a refusal is not acknowledged",
    inviteClient,
    '  return { state: { name: "completed", invite }, effects: [acknowledge, inform, timer] };',
    '  return { state: { name: "completed", invite }, effects: [inform, timer] };',
  ),
  one(
    "an INVITE is said again after its answer",
    inviteClient,
    '    { type: "cancel-timer", timer: "A" },\n    { type: "cancel-timer", timer: "B" },\n  ];',
    "  ];",
  ),
  one(
    "an answer that crosses the CANCEL is taken",
    calling,
    '  const unwanted = call.giveUp !== undefined || call.phase !== "calling" || isLate;',
    '  const unwanted = call.phase !== "calling" || isLate;',
  ),
  one("the CANCEL is lost", calling, '    [{ type: "cancel", tx: call.attempt.tx }],', "    [],"),
  one(
    "glare ends the call",
    refresh,
    "      return [{ ...call, glareUntilMs: moment.nowMs + 2_100 + 10 * moment.random.integer(191) }, []];",
    "      return expired(call, moment);",
  ),
  one(
    "the session is not refreshed",
    refresh,
    '  if (isOver || session.refresher === "them") return expired(call, moment);',
    "  return expired(call, moment);",
  ),
  one(
    "the ACK of our own 2xx is not taken",
    layer,
    "    else invite.acknowledge(ack, flow);",
    "    else void invite;",
  ),
  one(
    "a request that comes again is new",
    layer,
    "    if (known !== undefined) return known.repeated();\n",
    "",
  ),
  // The unit's own death.
  one(
    "what was open is not said again by the next process",
    "telecom/sip/placed-call.ts",
    "      for (const request of open) this.#sendAgain(request);\n",
    "      void open;\n",
  ),
  one(
    "a message leaves before it is written down",
    "telecom/sip/user-agent.ts",
    "beforeSend: () => void journal.settle()",
    "beforeSend: () => {}",
  ),
  one(
    "a permit dials again in the next process",
    "telecom/journal/unit-journal.ts",
    "    this.#used.push({ permit, leg, atMs: this.#parts.clock.now() });\n",
    "    void permit; void leg;\n",
  ),
  one(
    "of a row that changed in two places one is written",
    "telecom/journal/unit-journal.ts",
    '["row", kind, id, changes]',
    '["row", kind, id, changes.slice(0, 1)]',
  ),
  one(
    "a command that was lost with the unit is not said again",
    "telecom/wire/commands-to-repeat.ts",
    "    const unsure = isSame ? this.#unsure.map(({ command }) => command) : [];",
    "    const unsure: Command[] = []; void isSame;",
  ),
  one(
    "a leg's state is not written",
    line,
    "  #note(): void {\n",
    '  #note(): void {\n    if (this.#leg.shown.state !== "dialing") return;\n',
  ),
];
