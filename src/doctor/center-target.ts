import type { SubjectId, SubscriberId } from "#base/ids.ts";
import { trunkTarget } from "#call-manager/dial-target.ts";
import type { DialTarget } from "#contract/telecom.ts";
import { readConfigFile } from "#network/config-file.ts";
import { isEmergencyNumber } from "#network/emergency-numbers.ts";
import type { Settings } from "../settings.ts";

/** A center that is to get a test call: how it is dialled, and in whose name. */
export interface CenterTarget {
  readonly target: DialTarget;
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  /** The calling number that it is to see. */
  readonly callingNumber: string;
  /** Digits that lead through an IVR. */
  readonly postDialDigits: string | undefined;
}

/** A number that belongs to nobody: 555-0100 to 555-0199 are kept for stories. */
const nobodysNumber = "+12025550123";
const sipUri =
  /^sip:([A-Za-z0-9+*#._-]{1,64})@(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?(?:;transport=(udp|tcp))?$/i;

/**
 * Reads `bank/mortgages`, the first route of a subject in the configuration file, or `sip:NUMBER@HOST[:PORT][;transport=tcp]`.
 * Gives a sentence on what is wrong with it instead. No emergency number is a target.
 */
export async function centerTarget(
  text: string,
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CenterTarget | string> {
  if (/^sip:/i.test(text)) return ofUri(text);
  const [, subscriber, subject] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (subscriber === undefined || subject === undefined)
    return `${text} is neither SUBSCRIBER/SUBJECT nor sip:NUMBER@HOST[:PORT][;transport=tcp]`;
  const { configFile, unit } = settings;
  if (configFile === undefined) return "TANDEM_CONFIG names no configuration file with routes";
  const { routes, trunks, subscribers } = await readConfigFile({
    path: configFile,
    promptFolder: unit.promptFolder,
    environment,
  });
  const route = routes
    .filter((each) => each.subscriber === subscriber && each.subject === subject)
    .toSorted((one, other) => one.order - other.order)[0];
  const trunk = trunks.find(({ id }) => id === route?.trunk);
  if (route === undefined || trunk === undefined) return `${configFile} has no route for ${text}`;
  const country = subscribers.find(({ id }) => id === route.subscriber)?.defaultCountry ?? "";
  if (savesLives(route.dnis, country)) return lifeline(route.dnis);
  return {
    target: trunkTarget(trunk, route.dnis),
    subscriber: route.subscriber,
    subject: route.subject,
    callingNumber: trunk.callerId ?? nobodysNumber,
    postDialDigits: route.postDialDigits,
  };
}

function ofUri(text: string): CenterTarget | string {
  const [, user = "", host = "", port, transport = "udp"] = sipUri.exec(text) ?? [];
  if (user === "") return `${text} is not sip:NUMBER@HOST[:PORT][;transport=tcp]`;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return `${port} is no port`;
  if (savesLives(user, "")) return lifeline(user);
  return {
    target: {
      type: "trunk",
      host,
      ...(port === undefined ? {} : { port: Number(port) }),
      transport: transport.toLowerCase() === "tcp" ? "tcp" : "udp",
      user,
      codecs: ["PCMU", "PCMA"],
    },
    subscriber: "tandem" as SubscriberId,
    subject: "test" as SubjectId,
    callingNumber: nobodysNumber,
    postDialDigits: undefined,
  };
}

function savesLives(dialled: string, country: string): boolean {
  return isEmergencyNumber(dialled.replace(/[^0-9]/g, ""), country);
}

function lifeline(dialled: string): string {
  return `${dialled} reaches people who save lives`;
}
