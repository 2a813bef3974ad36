import type { Clock } from "#base/clock.ts";
import type { SubscriberId } from "#base/ids.ts";
import type { Random } from "#base/random.ts";
import { callsAreStopped } from "#network/dial-permit.ts";
import { toTag2 } from "#network/tag2.ts";
import type { Settings } from "../settings.ts";
import { type Carrier, type CenterAnswers, callCenter } from "./center-call.ts";
import { type CenterTarget, centerTarget } from "./center-target.ts";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import { startOwnUnit } from "./own-unit.ts";
import { askStanding } from "./standing-database.ts";
import { whoRuns } from "./who-runs.ts";

const check = "center";

/**
 * A test call to a center, with a person there who says by key what of the context has arrived. It is the operator who asks for
 * it, so it needs no dial permit; the brake holds it all the same, and no emergency number is called.
 */
export async function checkCenter(means: {
  readonly center: string;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<readonly Finding[]> {
  const { settings, clock, random } = means;
  const center = await centerTarget(means.center, settings, means.environment);
  if (typeof center === "string")
    return [wrong(check, `Nobody is called: ${center}.`, "`tandem --help` shows how a center is named.")];
  const held = await whyHeld(settings, center.subscriber, clock);
  if (held !== undefined) return [held];
  const context = contextFor(center, random);
  const runs = await whoRuns(settings, clock);
  const { address, port, advertisedAddress } = settings.unit.sip;
  // A unit that runs has the port that a firewall lets in; the center must then answer another.
  const sip = {
    address,
    port: runs.unit ? 0 : port,
    ...(advertisedAddress === undefined ? {} : { advertisedAddress }),
  };
  try {
    await using own = await startOwnUnit({ sip, settings, clock });
    return ofAnswers(await callCenter({ unit: own.unit, center, context, clock, random }), context.reference);
  } catch (error) {
    const mend = "See that number, host and transport are right, and what `tandem doctor` says of the trunk.";
    return [wrong(check, `The call came to nothing: ${reasonOf(error)}.`, mend)];
  }
}

export function ofAnswers(answers: CenterAnswers, reference: string): readonly Finding[] {
  const { answeredAfterMs, keysVia, carriers } = answers;
  const answered = well(
    check,
    `Answered after ${answeredAfterMs} ms; the call's reference is ${reference}.`,
    {
      answeredAfterMs,
      reference,
    },
  );
  if (keysVia === undefined)
    return [
      answered,
      wrong(
        check,
        "No key came from the center: an agent could neither sign on nor push a page.",
        "Have its equipment send digits by RFC 4733 (telephone-event) or SIP INFO.",
      ),
    ];
  const keys = well(check, `Keys come by ${keysVia}.`, { keysVia });
  const each = (Object.entries(carriers) as [Carrier, "yes" | "no" | "unsaid"][]).map(([carrier, said]) => {
    if (said === "yes") return well(check, `${carrier}: has arrived, says the person at the center.`);
    const says = `${carrier}: ${said === "no" ? "has not arrived, says" : "nothing was said of it by"} the person at the center.`;
    return essential.has(carrier) && said === "no"
      ? wrong(check, says, meaning[carrier])
      : doubtful(check, says, meaning[carrier]);
  });
  return [answered, keys, ...each];
}

/** Without these a call is no use; what the others bring the whisper says too. */
const essential: ReadonlySet<Carrier> = new Set(["DNIS", "whisper"]);

const meaning: Readonly<Record<Carrier, string>> = {
  DNIS: "The center routes by it: compare the route's `dnis` with what the trunk passes on.",
  ANI: "Many trunks replace or hide a calling number that is not theirs: ask who runs it, or set the trunk's `callerId`.",
  "User-to-User": "Many carriers drop RFC 7433's header: ask for it, or count on DNIS and whisper.",
  "X-Tandem-Context": "Carriers drop X- headers: on a trunk of your own have them passed on.",
  whisper:
    "See that RTP reaches the center (firewall, NAT), and what `tandem doctor` measures in its own test call.",
};

function contextFor({ target, subscriber, subject, callingNumber }: CenterTarget, random: Random) {
  return toTag2({
    context: { version: 1, subscriber, subject, verified: { whisperCode: "TEST" }, unverified: {} },
    subject: { subscriber, id: subject, name: {}, whisper: {} },
    route: { dnis: target.user, showAni: true },
    visitorNumber: callingNumber,
    reference: String(random.integer(1_000_000)).padStart(6, "0"),
  });
}

/** The operator's brake, for everybody or for this subscriber; a database that is not there holds none. */
async function whyHeld(
  settings: Settings,
  subscriber: SubscriberId,
  clock: Clock,
): Promise<Finding | undefined> {
  const stopped = await askStanding(settings, clock, (database) => callsAreStopped(database, subscriber));
  if (stopped === true)
    return wrong(check, "Nobody is called: `tandem stop` holds.", "`tandem resume` takes it back.");
  if (stopped !== "another version's") return undefined;
  const says =
    "Nobody is called: the database is another version's, and cannot say whether calls are stopped.";
  return wrong(check, says, "Start the Tandem whose version this is, then ask again.");
}
