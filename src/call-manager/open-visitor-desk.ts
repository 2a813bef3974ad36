import type { Clock } from "#base/clock.ts";
import type { SubjectId, SubscriberId } from "#base/ids.ts";
import { type ClickTokenAnswer, type ClickTokenRefusal, readClickToken } from "#network/click-token.ts";
import { callsAreStopped } from "#network/dial-permit.ts";
import type { Network } from "#network/network.ts";
import { readNumber } from "#network/number.ts";
import type { Subject, Subscriber } from "#network/records.ts";
import type { Database } from "#store/database.ts";
import { readCall } from "./call-table.ts";
import type {
  Availability,
  Click,
  ClickAnswer,
  SubjectFace,
  SubscriberFace,
  TokenReading,
  VisitorDesk,
} from "./visitor-desk.ts";

export function openVisitorDesk(around: {
  readonly database: Database;
  readonly network: Network;
  readonly clock: Clock;
}): VisitorDesk {
  const { database, network, clock } = around;
  return {
    readClick: (click) => readClick(click, around),
    async availability({ subscriber, subject, ipAddress }): Promise<Availability> {
      if (await callsAreStopped(database, subscriber)) return { type: "platform-stopped" };
      const wish = { subscriber, subject, ipAddress, atMs: clock.now(), draw: "welcome" } as const;
      const answer = await network.routes(wish);
      switch (answer.type) {
        case "routes":
          return { type: "open" };
        case "closed": {
          const { opensAtMs, timeZone } = answer;
          return { type: "closed", timeZone, ...(opensAtMs === undefined ? {} : { opensAtMs }) };
        }
        // Who asks for a subject that is not there is not in its region either; `readClick` has told them apart.
        case "outside-region":
        case "unknown-subject":
          return { type: "outside-region" };
      }
    },
    async subscriber(id) {
      const found = await network.subscriber(id);
      return found && subscriberFace(found);
    },
    async subject(subscriber, subject) {
      const found = await network.subject(subscriber, subject);
      return found && subjectFace(found);
    },
    async subjects(subscriber) {
      return (await network.subjects(subscriber)).map(subjectFace);
    },
    async pushedPage(id, page) {
      const call = await readCall(database, id);
      if (call === undefined || !call.pushed.some((pushed) => pushed.page === page)) return undefined;
      const found = await network.page(call.subscriber, page);
      return found && { id: found.id, title: found.title, content: found.content };
    },
  };
}

async function readClick(
  click: Click,
  around: { readonly network: Network; readonly clock: Clock },
): Promise<ClickAnswer> {
  const { network, clock } = around;
  const subscriber = await network.subscriber(click.subscriber as SubscriberId);
  if (subscriber === undefined) return { type: "unknown-subscriber" };
  const subject = await network.subject(subscriber.id, click.subject as SubjectId);
  if (subject === undefined) return { type: "unknown-subject", subscriber: subscriberFace(subscriber) };

  const token =
    click.token === undefined
      ? undefined
      : await readClickToken(click.token, { subscriber, subject: subject.id, clock });
  const verified = token?.type === "verified" ? token.fields : {};
  const phone = verified.phone ?? click.bare.phone;
  return {
    type: "understood",
    context: {
      version: 1,
      subscriber: subscriber.id,
      subject: subject.id,
      verified,
      unverified: click.bare,
    },
    token: tokenReading(token),
    subscriber: subscriberFace(subscriber),
    subject: subjectFace(subject),
    ...(phone === undefined
      ? {}
      : { phone: phoneOffer(phone, { signed: verified.phone !== undefined, subscriber }) }),
  };
}

function phoneOffer(
  asGiven: string,
  of: { readonly signed: boolean; readonly subscriber: Subscriber },
): NonNullable<Extract<ClickAnswer, { type: "understood" }>["phone"]> {
  const read = readNumber(asGiven, of.subscriber);
  return { asGiven, signed: of.signed, ...(read.type === "refused" ? {} : { e164: read.number }) };
}

function tokenReading(token: ClickTokenAnswer | undefined): TokenReading {
  if (token === undefined) return { type: "none" };
  if (token.type === "verified")
    return { type: "verified", tokenId: token.tokenId, expiresAtMs: token.expiresAtMs };
  return { type: "refused", why: toldTo(token.why) };
}

/** A visitor can do something about a link that is too old or of another page; the rest is between the site and us. */
function toldTo(why: ClickTokenRefusal): Extract<TokenReading, { type: "refused" }>["why"] {
  if (why === "expired") return "expired";
  return why === "subject-wrong" ? "for-another-subject" : "not-verifiable";
}

function subscriberFace(subscriber: Subscriber): SubscriberFace {
  const { accentColor, logoUrl } = subscriber.brand;
  return {
    id: subscriber.id,
    name: subscriber.name,
    defaultLanguage: subscriber.defaultLanguage,
    connectContent: subscriber.connectContent,
    origins: subscriber.origins,
    defaultCountry: subscriber.defaultCountry,
    allowedCountries: subscriber.allowedCountries,
    confirmation: subscriber.policy.confirmation,
    legOrder: subscriber.policy.legOrder,
    ...(subscriber.browserCalls === true ? { browserCalls: true } : {}),
    ...(accentColor === undefined ? {} : { accentColor }),
    ...(logoUrl === undefined ? {} : { logoUrl }),
  };
}

function subjectFace(subject: Subject): SubjectFace {
  return { id: subject.id, name: subject.name };
}
