import { readConfig } from "#network/config-file.ts";
import { replaceConfiguration } from "#network/replace-configuration.ts";
import type { Database } from "#store/database.ts";

/** One subscriber of the world. Whatever is its own holds its canary: heard or read elsewhere, something crossed. */
export interface SimulatedSubscriber {
  readonly id: string;
  readonly canary: string;
  readonly trunk: { readonly address: string; readonly challenges: boolean };
  readonly pin?: string;
  readonly routes: readonly string[];
  readonly policy: Readonly<Record<string, unknown>>;
  readonly talksAtMostMs: number;
}

const anyCalls = {
  perNumberPer10Minutes: 1_000_000,
  perNumberPerDay: 1_000_000,
  perAddressPerHour: 1_000_000,
  perPrefixPerHour: 1_000_000,
  perSubscriberPerHour: 1_000_000,
  perSubscriberAtOnce: 1_000_000,
};

export const subscribers: readonly SimulatedSubscriber[] = [
  {
    id: "bank",
    canary: "wren",
    trunk: { address: "198.51.100.1", challenges: true },
    routes: ["7101", "7102"],
    policy: { legOrder: "user-first", confirmation: "never", signOn: { whenNobody: "next-route" } },
    talksAtMostMs: 30 * 60_000,
  },
  {
    id: "shop",
    canary: "finch",
    trunk: { address: "198.51.100.2", challenges: false },
    pin: "4711",
    routes: ["7201"],
    policy: { legOrder: "center-first", confirmation: "never", maxCallMinutes: 2, signOn: { pin: "4711" } },
    talksAtMostMs: 2 * 60_000,
  },
  {
    id: "clinic",
    canary: "heron",
    trunk: { address: "198.51.100.3", challenges: false },
    routes: ["7301", "7302"],
    policy: {
      confirmation: "always",
      confirmationSeconds: 15,
      maxCallMinutes: 5,
      signOn: { whenNobody: "bridge" },
    },
    talksAtMostMs: 5 * 60_000,
  },
  {
    id: "garage",
    canary: "robin",
    trunk: { address: "198.51.100.4", challenges: true },
    routes: ["7401"],
    policy: { legOrder: "both-at-once", confirmation: "never" },
    talksAtMostMs: 30 * 60_000,
  },
];

/** What agents may key, and the page that it pushes. */
export const pageCodes: readonly (readonly [code: string, page: string])[] = [
  ["12", "rates"],
  ["7", "form"],
];

export const ringSeconds = 25;

/** Through the product's own configuration, into its own tables. */
export async function configure(database: Database): Promise<void> {
  const read = readConfig(JSON.stringify(document()), { environment: {}, promptExists: () => true });
  if ("complaints" in read) throw new Error(JSON.stringify(read.complaints));
  await database.transaction((tx) => replaceConfiguration(tx, read));
}

function document() {
  const trunks = subscribers.map(({ id, trunk }) => [
    `${id}-trunk`,
    {
      host: trunk.address,
      callerId: "+14155550000",
      ...(trunk.challenges ? { credentials: { username: "tandem", password: "of the trunk" } } : {}),
    },
  ]);
  return {
    trunks: Object.fromEntries(trunks),
    subscribers: Object.fromEntries(subscribers.map((each) => [each.id, subscriberDocument(each)])),
  };
}

function subscriberDocument({ id, canary, routes, policy }: SimulatedSubscriber) {
  return {
    name: `The ${canary} ${id}`,
    origins: [`https://${canary}.example`],
    country: "US",
    trunk: `${id}-trunk`,
    policy: { ...policy, userRingSeconds: ringSeconds, centerRingSeconds: ringSeconds, limits: anyCalls },
    centers: { main: { name: "Main", timeZone: "UTC", hours: "always" } },
    subjects: {
      help: {
        name: `${canary} help`,
        whisper: "{subject}, {page}. {pause} Customer code {code}.",
        routes: routes.map((dnis, at) => ({
          center: "main",
          number: `+1415555${dnis}`,
          dnis,
          order: at + 1,
        })),
      },
    },
    pages: {
      rates: { title: `${canary} rates`, url: `https://${canary}.example/rates` },
      form: { title: `${canary} form`, text: `The ${canary} form.` },
    },
    digits: Object.fromEntries(pageCodes),
  };
}
