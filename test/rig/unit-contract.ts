import assert from "node:assert/strict";
import { test } from "node:test";
import type { BridgeId, LegId, PermitId, PlayId } from "#base/ids.ts";
import type { DialTarget, LegState, Prompt, TelecomEvent } from "#contract/telecom.ts";
import type { TelecomUnit } from "#telecom/client.ts";

/** A unit to be held to its contract, with two telephones that do what they are told. */
export interface UnitUnderTest {
  readonly unit: TelecomUnit;
  readonly ann: ContractPhone;
  readonly bob: ContractPhone;
  now(): number;
  /** Lets `ms` go by, on whichever clock the unit runs. */
  pass(ms: number): Promise<void>;
  /** A new client of the same unit, as after a crash of the web process; the old one is gone. */
  reconnect(): Promise<TelecomUnit>;
  close(): Promise<void>;
}

export interface ContractPhone {
  readonly target: DialTarget;
  /** Told before the call comes: `rings` until `answers()`. */
  will(reaction: "ring" | "be-busy" | "decline"): void;
  answers(): void;
  hangsUp(): void;
  presses(digits: string): void;
}

let names = 0;

/** Declares the tests of `contract/telecom.ts` for one make of unit. */
export function testUnitContract(make: string, open: () => Promise<UnitUnderTest>): void {
  const story = (name: string, tell: (told: Told) => Promise<void>): void => {
    test(`${make}: ${name}`, async () => {
      const told = new Told(await open());
      try {
        await told.under.unit.ready();
        await tell(told);
      } finally {
        await told.under.close();
      }
    });
  };

  story("a dialled leg rings, is answered and hung up by the far end", async (told) => {
    const leg = told.dial("ann");
    await told.until(() => told.leg(leg)?.state === "ringing");
    told.under.ann.answers();
    await told.until(() => told.leg(leg)?.state === "answered");
    assert.ok((told.leg(leg)?.answeredAtMs ?? 0) >= (told.leg(leg)?.dialedAtMs ?? Infinity));
    told.under.ann.hangsUp();
    await told.untilEnded(leg, "hung-up-by-far-end");
  });

  story("the same dial twice is one call", async (told) => {
    const leg = told.dial("ann");
    told.dialAgain(leg);
    await told.until(() => told.leg(leg)?.state === "ringing");
    told.dialAgain(leg);
    // A second call to her telephone would ring before she has picked up the first.
    await told.answered(leg, "ann");
    await told.obeyed();
    assert.equal(told.under.unit.legs().length, 1);
    assert.equal(told.count("leg-ringing"), 1);
  });

  story("a permit dials one leg", async (told) => {
    const leg = told.dial("ann");
    await told.until(() => told.leg(leg)?.state === "ringing");
    told.dial("bob", { permit: told.permitOf(leg) });
    await told.until(() => told.count("refused") === 1);
    assert.equal(told.under.unit.legs().filter(({ state }) => state !== "ended").length, 1);
  });

  story("a busy telephone ends the leg as busy", async (told) => {
    told.under.ann.will("be-busy");
    await told.untilEnded(told.dial("ann"), "busy");
  });

  story("a telephone that declines ends the leg as declined", async (told) => {
    told.under.ann.will("decline");
    await told.untilEnded(told.dial("ann"), "declined");
  });

  story("ringing ends at its moment", async (told) => {
    await told.untilEnded(told.dial("ann", { ringMs: 1500 }), "no-answer");
  });

  story("a leg ends at its last moment, whatever its client does", async (told) => {
    const leg = told.dial("ann", { lifeMs: 2500 });
    await told.answered(leg, "ann");
    await told.untilEnded(leg, "time-limit");
  });

  story("hanging up a ringing leg cancels it, and an answered one ends it; twice is once", async (told) => {
    const ringing = told.dial("ann");
    await told.until(() => told.leg(ringing)?.state === "ringing");
    for (let times = 0; times < 2; times++)
      told.under.unit.send({ type: "hang-up", leg: ringing, reason: "normal" });
    await told.untilEnded(ringing, "cancelled");
    const answered = told.dial("bob");
    await told.answered(answered, "bob");
    told.under.unit.send({ type: "hang-up", leg: answered, reason: "normal" });
    await told.untilEnded(answered, "hung-up-by-us");
    assert.equal(told.count("leg-ended"), 2);
  });

  story("digits are numbered from 1, and stay until they are taken", async (told) => {
    const leg = told.dial("ann");
    await told.answered(leg, "ann");
    told.under.ann.presses("12#");
    await told.until(() => told.leg(leg)?.digits.length === 3);
    const keys = told.leg(leg)?.digits.map(({ seq, digit }) => `${seq}${digit}`);
    assert.deepEqual(keys, ["11", "22", "3#"]);
    told.under.unit.send({ type: "take-digits", leg, throughSeq: 2 });
    await told.obeyed();
    await told.reconnect();
    assert.deepEqual(
      told.leg(leg)?.digits.map(({ seq }) => seq),
      [3],
    );
  });

  story("a play ends as done, and the same play again is not heard again", async (told) => {
    const leg = told.dial("ann");
    await told.answered(leg, "ann");
    const play = told.play(leg, "confirm");
    await told.until(() => told.leg(leg)?.played[play] === "done");
    told.play(leg, "confirm", { play });
    // If it played, the next one would end it.
    const next = told.play(leg, "confirm");
    await told.until(() => told.leg(leg)?.played[next] === "done");
    assert.equal(told.count("play-ended"), 2);
  });

  story("a looping play goes on until it is stopped, and the next play takes its place", async (told) => {
    const leg = told.dial("ann");
    await told.answered(leg, "ann");
    const ringback = told.play(leg, "ringback", { loop: true });
    await told.under.pass(1500);
    assert.equal(told.leg(leg)?.played[ringback], undefined);
    const tone = told.play(leg, "confirm");
    await told.until(() => told.leg(leg)?.played[ringback] === "stopped");
    await told.until(() => told.leg(leg)?.played[tone] === "done");
    const second = told.play(leg, "ringback", { loop: true });
    told.under.unit.send({ type: "stop-play", leg, play: second });
    await told.until(() => told.leg(leg)?.played[second] === "stopped");
  });

  story("any digit ends a play that may be barged into", async (told) => {
    const leg = told.dial("ann");
    await told.answered(leg, "ann");
    const play = told.play(leg, "ringback", { loop: true, barge: true });
    await told.under.pass(300);
    told.under.ann.presses("5");
    await told.until(() => told.leg(leg)?.played[play] === "barged");
  });

  story("a bridge joins two answered legs, and ends with either", async (told) => {
    const { annsLeg, bobsLeg, bridge } = await told.bridged();
    assert.equal(told.leg(annsLeg)?.bridge, bridge);
    assert.equal(told.leg(bobsLeg)?.bridge, bridge);
    told.under.bob.hangsUp();
    await told.untilEnded(bobsLeg, "hung-up-by-far-end");
    await told.until(() => told.leg(annsLeg)?.bridge === undefined);
    assert.equal(told.leg(annsLeg)?.state, "answered", "the other leg stays, until it is told otherwise");
  });

  story("a bridge is undone by name", async (told) => {
    const { annsLeg, bobsLeg, bridge } = await told.bridged();
    told.under.unit.send({ type: "unbridge", bridge });
    await told.until(() => told.leg(annsLeg)?.bridge === undefined);
    assert.equal(told.leg(bobsLeg)?.state, "answered");
  });

  story("a new client is told all that stands: legs, digits, plays, bridge, and what ended", async (told) => {
    const { annsLeg, bobsLeg, bridge } = await told.bridged();
    const play = told.play(bobsLeg, "confirm");
    await told.until(() => told.leg(bobsLeg)?.played[play] === "done");
    told.under.bob.presses("7");
    await told.until(() => told.leg(bobsLeg)?.digits.length === 1);
    const { boot } = told.under.unit;
    await told.reconnect();
    assert.ok(boot !== undefined && told.under.unit.boot === boot, "the unit has lived on");
    assert.equal(told.leg(annsLeg)?.bridge, bridge);
    assert.equal(told.leg(bobsLeg)?.digits[0]?.digit, "7");
    assert.equal(told.leg(bobsLeg)?.played[play], "done");
    told.under.ann.hangsUp();
    await told.untilEnded(annsLeg, "hung-up-by-far-end");
    await told.reconnect();
    assert.equal(told.leg(annsLeg)?.state, "ended");
  });

  story("an ended leg is forgotten when it is told so, a living one is not", async (told) => {
    const leg = told.dial("ann");
    await told.answered(leg, "ann");
    told.under.unit.send({ type: "forget", leg });
    await told.obeyed();
    await told.reconnect();
    assert.equal(told.leg(leg)?.state, "answered");
    told.under.ann.hangsUp();
    await told.untilEnded(leg, "hung-up-by-far-end");
    told.under.unit.send({ type: "forget", leg });
    await told.obeyed();
    await told.reconnect();
    assert.equal(told.leg(leg), undefined);
  });
}

/** What a contract story says, in few words. */
class Told {
  under: UnitUnderTest;
  #unit: TelecomUnit;
  readonly #events: TelecomEvent[] = [];
  readonly #dials = new Map<LegId, Parameters<TelecomUnit["send"]>[0] & { type: "dial" }>();

  constructor(under: UnitUnderTest) {
    this.under = under;
    this.#unit = under.unit;
    under.unit.onEvent((event) => void this.#events.push(event));
  }

  leg(leg: LegId): LegState | undefined {
    return this.#unit.leg(leg);
  }

  count(type: TelecomEvent["type"]): number {
    return this.#events.filter((event) => event.type === type).length;
  }

  dial(
    who: "ann" | "bob",
    how: { readonly permit?: PermitId; readonly ringMs?: number; readonly lifeMs?: number } = {},
  ): LegId {
    const leg = `call_contract${++names}.user` as LegId;
    const nowMs = this.under.now();
    const dial = {
      type: "dial",
      leg,
      permit: how.permit ?? (`permit_${names}` as PermitId),
      target: this.under[who].target,
      identity: {},
      ringUntilMs: nowMs + (how.ringMs ?? 20_000),
      endAtMs: nowMs + (how.lifeMs ?? 60_000),
    } as const;
    this.#dials.set(leg, dial);
    this.#unit.send(dial);
    return leg;
  }

  dialAgain(leg: LegId): void {
    const dial = this.#dials.get(leg);
    if (dial !== undefined) this.#unit.send(dial);
  }

  permitOf(leg: LegId): PermitId {
    return this.#dials.get(leg)?.permit ?? ("" as PermitId);
  }

  async answered(leg: LegId, who: "ann" | "bob"): Promise<void> {
    await this.until(() => this.leg(leg)?.state === "ringing");
    this.under[who].answers();
    await this.until(() => this.leg(leg)?.state === "answered");
  }

  play(
    leg: LegId,
    tone: "confirm" | "ringback",
    how: { readonly play?: PlayId; readonly loop?: boolean; readonly barge?: boolean } = {},
  ): PlayId {
    const play = how.play ?? (`${leg}.play.${++names}` as PlayId);
    const prompt: Prompt = { language: "en", private: false, segments: [{ type: "tone", tone }] };
    const { loop = false, barge = false } = how;
    this.#unit.send({ type: "play", leg, play, prompt, loop, barge });
    return play;
  }

  async bridged(): Promise<{ annsLeg: LegId; bobsLeg: LegId; bridge: BridgeId }> {
    const annsLeg = this.dial("ann");
    await this.answered(annsLeg, "ann");
    const bobsLeg = this.dial("bob");
    await this.answered(bobsLeg, "bob");
    const bridge = `call_contract${++names}.bridge` as BridgeId;
    this.#unit.send({ type: "bridge", bridge, legs: [annsLeg, bobsLeg], blockDigitsFrom: [bobsLeg] });
    await this.until(() => this.leg(annsLeg)?.bridge === bridge);
    return { annsLeg, bobsLeg, bridge };
  }

  async untilEnded(leg: LegId, cause: LegState["endCause"]): Promise<void> {
    await this.until(() => this.leg(leg)?.state === "ended");
    assert.equal(this.leg(leg)?.endCause, cause);
  }

  async until(seen: () => boolean): Promise<void> {
    const endMs = this.under.now() + 10_000;
    while (!seen()) {
      assert.ok(this.under.now() < endMs, `it never came to this: ${seen}`);
      await this.under.pass(50);
    }
  }

  /** Resolves when the unit has taken all that was said: it takes commands in turn, and this one it always refuses. */
  async obeyed(): Promise<void> {
    const leg = `call_nobody${++names}.user` as LegId;
    this.#unit.send({ type: "send-digits", leg, id: "nothing", digits: "1" });
    await this.until(() => this.#events.some((event) => event.type === "refused" && event.leg === leg));
  }

  async reconnect(): Promise<void> {
    this.#unit = await this.under.reconnect();
    await this.#unit.ready();
    this.#unit.onEvent((event) => void this.#events.push(event));
    this.under = { ...this.under, unit: this.#unit };
  }
}
