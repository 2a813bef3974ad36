import type {
  CallCenterId,
  PageId,
  PhoneName,
  RouteId,
  SubjectId,
  SubscriberId,
  TrunkId,
} from "#base/ids.ts";
import type { Network } from "#network/network.ts";
import type {
  CallCenter,
  LibraryPage,
  Policy,
  Route,
  Span,
  Subject,
  Subscriber,
  Trunk,
} from "#network/records.ts";
import { chooseRoutes } from "#network/route-choice.ts";

/** The bank of the call stories, in memory: one subject, two call centers (Bob's, then Carol's), two pages. */
export interface StoryBank {
  readonly subscriber: Subscriber;
  readonly subject: Subject;
  readonly routes: readonly Route[];
  readonly network: Network;
}

export const bobsDnis = "7001";
export const carolsDnis = "7002";

export type PolicyWish = Partial<Omit<Policy, "signOn">> & { readonly signOn?: Partial<Policy["signOn"]> };

const id = "bank" as SubscriberId;
const mortgages = "mortgages" as SubjectId;
const carrier = "carrier" as TrunkId;
const anyCall = 1_000_000;

export function storyBank(
  wish: {
    readonly policy?: PolicyWish;
    readonly routes?: 1 | 2;
    /** The first center is this registered phone. */
    readonly phone?: PhoneName;
    readonly postDialDigits?: string;
    readonly browserCalls?: true;
    readonly closed?: boolean;
    /** Open on the welcome page, and closed a moment later. */
    readonly closesAfterClick?: boolean;
  } = {},
): StoryBank {
  const { signOn, ...policy } = wish.policy ?? {};
  const subscriber: Subscriber = {
    id,
    name: "Example Bank",
    origins: ["https://www.bank.example"],
    defaultCountry: "US",
    allowedCountries: ["US"],
    defaultLanguage: "en",
    brand: {},
    connectContent: { en: "Our rates." },
    tokenKeys: [],
    trunkForUsers: carrier,
    ...(wish.browserCalls === true ? { browserCalls: true } : {}),
    policy: {
      legOrder: "user-first",
      userRingSeconds: 30,
      centerRingSeconds: 30,
      confirmation: "unless-signed",
      confirmationSeconds: 20,
      digitPauseSeconds: 3,
      maxCallMinutes: 30,
      announcements: {},
      limits: {
        perNumberPer10Minutes: anyCall,
        perNumberPerDay: anyCall,
        perAddressPerHour: anyCall,
        perPrefixPerHour: anyCall,
        perSubscriberPerHour: anyCall,
        perSubscriberAtOnce: anyCall,
      },
      ...policy,
      signOn: { key: "#", seconds: 10, asks: 2, whenNobody: "hang-up", ...signOn },
    },
  };
  const subject: Subject = {
    subscriber: id,
    id: mortgages,
    name: { en: "Mortgages" },
    whisper: { en: "{subject}, {page}. {pause} Customer code {code}." },
  };
  const routes = [bobsDnis, carolsDnis].slice(0, wish.routes ?? 1).map(
    (dnis, index): Route => ({
      id: `route-${index + 1}` as RouteId,
      subscriber: id,
      subject: mortgages,
      center: "branch" as CallCenterId,
      ...(wish.phone !== undefined && index === 0
        ? { phone: wish.phone, number: wish.phone }
        : { trunk: carrier, number: `+1415555900${index}` }),
      dnis,
      order: index + 1,
      weight: 1,
      allowedCountries: [],
      allowedAddresses: [],
      showAni: true,
      ...(wish.postDialDigits === undefined ? {} : { postDialDigits: wish.postDialDigits }),
    }),
  );
  return {
    subscriber,
    subject,
    routes,
    network: networkOf({ subscriber, subject, routes }, wish),
  };
}

const trunk: Trunk = {
  id: carrier,
  host: "127.0.0.1",
  transport: "udp",
  media: "rtp",
  codecs: ["PCMU"],
  numberFormat: "e164",
  callerId: "+14155550000",
};

export const ratesPage: LibraryPage = {
  subscriber: id,
  id: "rates" as PageId,
  title: { en: "Rates" },
  content: { type: "url", url: "https://www.bank.example/rates" },
};

const formPage: LibraryPage = {
  subscriber: id,
  id: "form" as PageId,
  title: { en: "Form" },
  content: { type: "text", text: { en: "Please bring this form." } },
};

/** `12` is the rates page, `7` the form. */
const digitMap: Readonly<Record<string, LibraryPage>> = { "12": ratesPage, "7": formPage };

function networkOf(
  records: Omit<StoryBank, "network">,
  hours: { readonly closed?: boolean; readonly closesAfterClick?: boolean },
): Network {
  const { subscriber, subject, routes } = records;
  const center = (always: readonly Span[]): CallCenter => ({
    id: "branch" as CallCenterId,
    subscriber: id,
    name: "Branch",
    timeZone: "UTC",
    hours: {
      weekly: { mon: always, tue: always, wed: always, thu: always, fri: always, sat: always, sun: always },
      holidays: [],
    },
  });
  const open = center([{ from: "00:00", to: "24:00" }]);
  const closed = center([]);
  const centerFor = (draw: string): CallCenter =>
    hours.closed || (hours.closesAfterClick && draw !== "welcome") ? closed : open;
  return {
    subscriber: async (of) => (of === id ? subscriber : undefined),
    subject: async (of, name) => (of === id && name === mortgages ? subject : undefined),
    subjects: async () => [subject],
    center: async () => open,
    routes: async (wish) =>
      wish.subject === mortgages
        ? chooseRoutes(routes, [centerFor(wish.draw)], {
            ipAddress: wish.ipAddress,
            atMs: wish.atMs,
            seed: wish.draw,
          })
        : { type: "unknown-subject" },
    phone: async () => undefined,
    phones: async () => [],
    trunk: async () => trunk,
    page: async (of, page) =>
      [ratesPage, formPage].find((each) => each.subscriber === of && each.id === page),
    pageForDigits: async (of, digits) => (of === id ? digitMap[digits] : undefined),
  };
}
