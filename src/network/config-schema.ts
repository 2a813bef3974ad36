/**
 * The shape of `tandem.config.jsonc`. It is published as docs/tandem.config.schema.json, which editors read for completion.
 * A `description` completes the sentence "must be ...": it is the error message where the machine's own would not help.
 */
import Type from "typebox";

const id = Type.String({
  pattern: "^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$",
  description: "a name of 1 to 40 lower-case letters, digits and hyphens",
});

/** `tandem stop` says "platform" for everybody: a subscriber of that name could not be stopped alone. */
const subscriberId = Type.String({
  pattern: "^(?!platform$)[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$",
  description: 'a name of 1 to 40 lower-case letters, digits and hyphens, and not "platform"',
});

const named = <T extends Type.TSchema>(schema: T) =>
  Type.Record(Type.String(), schema, { propertyNames: id });

const exactly = <T extends Type.TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

const fromEnvironment = exactly({
  env: Type.String({
    pattern: "^[A-Z_][A-Z0-9_]{0,99}$",
    description: "the name of an environment variable",
  }),
});

/** A credential: as it is, or from an environment variable. */
const secret = Type.Union([Type.String({ minLength: 1, maxLength: 500 }), fromEnvironment], {
  description: 'a text, or { "env": "NAME" } to take it from the environment',
});

const texts = (maxLength: number) =>
  Type.Union(
    [
      Type.String({ minLength: 1, maxLength }),
      Type.Object(
        {
          en: Type.Optional(Type.String({ minLength: 1, maxLength })),
          es: Type.Optional(Type.String({ minLength: 1, maxLength })),
        },
        { additionalProperties: false, minProperties: 1 },
      ),
    ],
    {
      description: `a text of at most ${maxLength} characters, or one for each language: { "en": ..., "es": ... }`,
    },
  );

const country = Type.String({ pattern: "^[A-Z]{2}$", description: "a country by ISO 3166-1, such as US" });
const language = Type.Union([Type.Literal("en"), Type.Literal("es")], { description: '"en" or "es"' });
const number = Type.String({
  pattern: "^\\+?[0-9]{2,15}$",
  description: "digits, with a plus sign in front when it is international",
});

const media = Type.Optional(
  Type.Union([Type.Literal("rtp"), Type.Literal("srtp")], { description: '"rtp" or "srtp"' }),
);

const trunk = exactly({
  host: Type.String({
    pattern: "^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?|[0-9a-fA-F:.]{2,45})$",
    description: "a host name or an IP address",
  }),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  transport: Type.Optional(
    Type.Union([Type.Literal("udp"), Type.Literal("tcp"), Type.Literal("tls")], {
      description: '"udp", "tcp" or "tls"',
    }),
  ),
  domain: Type.Optional(
    Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$", description: "a host name" }),
  ),
  credentials: Type.Optional(exactly({ username: secret, password: secret, realm: Type.Optional(secret) })),
  codecs: Type.Optional(
    Type.Array(
      Type.Union([Type.Literal("PCMU"), Type.Literal("PCMA")], { description: '"PCMU" or "PCMA"' }),
      { minItems: 1, maxItems: 2, uniqueItems: true },
    ),
  ),
  media,
  numberFormat: Type.Optional(
    Type.Union([Type.Literal("e164"), Type.Literal("e164-no-plus")], {
      description: '"e164" (+14155550100) or "e164-no-plus" (14155550100)',
    }),
  ),
  callerId: Type.Optional(number),
});

const span = Type.String({
  pattern: "^(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
  description: "a span such as 09:00-17:30 (24:00 is midnight; an end before its start is on the next day)",
});
const spans = Type.Array(span, { maxItems: 10 });

const hours = Type.Union(
  [
    Type.Literal("always"),
    Type.Record(Type.String(), spans, {
      propertyNames: Type.String({
        pattern: "^(?:mon|tue|wed|thu|fri|sat|sun)(?:-(?:mon|tue|wed|thu|fri|sat|sun))?$",
      }),
    }),
  ],
  { description: '"always", or spans by weekday such as { "mon-fri": ["09:00-17:30"] }' },
);

const holidays = Type.Record(
  Type.String(),
  Type.Union([spans, exactly({ name: Type.String({ minLength: 1, maxLength: 60 }), hours: spans })], {
    description: 'the day\'s spans, such as [] for closed, or { "name": ..., "hours": [...] }',
  }),
  {
    maxProperties: 400,
    propertyNames: Type.String({
      pattern: "^20[0-9]{2}-[01][0-9]-[0-3][0-9]$",
      description: "a date such as 2026-12-25",
    }),
  },
);

/** HA1 of RFC 7616 3.4.2, for whoever wants no password in the file. */
const phone = Type.Union(
  [
    exactly({ password: secret, media }),
    exactly({
      digest: Type.Object(
        {
          md5: Type.Optional(Type.String({ pattern: "^[0-9a-f]{32}$" })),
          sha256: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })),
        },
        { additionalProperties: false, minProperties: 1 },
      ),
      media,
    }),
  ],
  {
    description:
      'a "password", or a "digest" with "md5" (32 hex digits), "sha256" (64) or both, of NAME.SUBSCRIBER:tandem:PASSWORD',
  },
);

const center = exactly({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  timeZone: Type.String({ minLength: 1, maxLength: 60 }),
  hours,
  holidays: Type.Optional(holidays),
});

const route = exactly({
  id: Type.Optional(id),
  center: id,
  trunk: Type.Optional(id),
  number: Type.Optional(number),
  phone: Type.Optional(id),
  dnis: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z0-9+*#._-]{1,64}$",
      description: "what stands before the @ of a SIP address",
    }),
  ),
  order: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  allowedCountries: Type.Optional(Type.Array(country, { maxItems: 260, uniqueItems: true })),
  allowedAddresses: Type.Optional(
    Type.Array(Type.String({ minLength: 3, maxLength: 50 }), { maxItems: 200, uniqueItems: true }),
  ),
  postDialDigits: Type.Optional(
    Type.String({ pattern: "^[0-9*#A-Dw]{1,40}$", description: "digits, * and #, with w for half a second" }),
  ),
  showAni: Type.Optional(Type.Boolean()),
});

const subject = exactly({
  name: texts(80),
  whisper: Type.Optional(texts(300)),
  routes: Type.Array(route, { minItems: 1, maxItems: 50 }),
});

const page = Type.Union(
  [
    exactly({ title: texts(120), url: Type.String({ minLength: 8, maxLength: 1000 }) }),
    exactly({ title: texts(120), text: texts(5000) }),
  ],
  { description: 'a title with a "url" on one of the origins, or with a "text"' },
);

const tokenKey = Type.Union(
  [
    exactly({ kid: id, alg: Type.Literal("HS256"), secret }),
    exactly({
      kid: id,
      alg: Type.Union([Type.Literal("ES256"), Type.Literal("EdDSA"), Type.Literal("RS256")]),
      jwk: Type.Record(Type.String(), Type.Unknown(), { maxProperties: 20 }),
    }),
  ],
  { description: 'HS256 with a "secret", or ES256, EdDSA or RS256 with a public "jwk", each with its "kid"' },
);

const announcement = Type.Union(
  [
    texts(600),
    exactly({
      file: Type.String({
        pattern: "^(?!.*\\.\\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,190}\\.wav$",
        description: "a WAV file inside the folder of prompts",
      }),
    }),
  ],
  { description: 'a text, one for each language, or { "file": "name.wav" }' },
);

const seconds = (minimum: number, maximum: number) => Type.Optional(Type.Integer({ minimum, maximum }));

const policy = exactly({
  legOrder: Type.Optional(
    Type.Union([Type.Literal("user-first"), Type.Literal("center-first"), Type.Literal("both-at-once")], {
      description: '"user-first", "center-first" or "both-at-once"',
    }),
  ),
  userRingSeconds: seconds(5, 180),
  centerRingSeconds: seconds(5, 180),
  confirmation: Type.Optional(
    Type.Union([Type.Literal("always"), Type.Literal("unless-signed"), Type.Literal("never")], {
      description: '"always", "unless-signed" or "never"',
    }),
  ),
  confirmationSeconds: seconds(3, 120),
  signOn: Type.Optional(
    exactly({
      pin: Type.Optional(secret),
      key: Type.Optional(Type.Union([Type.Literal("#"), Type.Literal("*")], { description: '"#" or "*"' })),
      seconds: seconds(3, 120),
      asks: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
      whenNobody: Type.Optional(
        Type.Union([Type.Literal("hang-up"), Type.Literal("next-route"), Type.Literal("bridge")], {
          description: '"hang-up", "next-route" or "bridge"',
        }),
      ),
    }),
  ),
  digitPauseSeconds: seconds(1, 20),
  maxCallMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 24 * 60 })),
  announcements: Type.Optional(
    exactly({
      userGreeting: Type.Optional(announcement),
      userConfirm: Type.Optional(announcement),
      callingCenter: Type.Optional(announcement),
      signOnPrompt: Type.Optional(announcement),
      centerUnavailable: Type.Optional(announcement),
      goodbye: Type.Optional(announcement),
    }),
  ),
  limits: Type.Optional(
    exactly({
      perNumberPer10Minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      perNumberPerDay: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      perAddressPerHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      perPrefixPerHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      perSubscriberPerHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      perSubscriberAtOnce: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    }),
  ),
});

const subscriber = exactly({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  origins: Type.Optional(Type.Array(Type.String({ minLength: 8, maxLength: 300 }), { maxItems: 50 })),
  country,
  allowedCountries: Type.Optional(Type.Array(country, { minItems: 1, maxItems: 260, uniqueItems: true })),
  privateNumbers: Type.Optional(Type.String({ minLength: 2, maxLength: 200 })),
  language: Type.Optional(language),
  brand: Type.Optional(
    exactly({
      accentColor: Type.Optional(
        Type.String({ pattern: "^#[0-9a-fA-F]{6}$", description: "a colour such as #0a6b3d" }),
      ),
      logoUrl: Type.Optional(Type.String({ minLength: 8, maxLength: 500 })),
    }),
  ),
  connectContent: Type.Optional(texts(5000)),
  tokenKeys: Type.Optional(Type.Array(tokenKey, { maxItems: 10 })),
  trunk: id,
  browserCalls: Type.Optional(Type.Boolean()),
  policy: Type.Optional(policy),
  centers: named(center),
  phones: Type.Optional(named(phone)),
  subjects: named(subject),
  pages: Type.Optional(named(page)),
  digits: Type.Optional(
    Type.Record(Type.String(), id, {
      propertyNames: Type.String({ pattern: "^[0-9]{1,8}$", description: "1 to 8 digits" }),
    }),
  ),
});

export const configSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    trunks: named(trunk),
    subscribers: Type.Record(Type.String(), subscriber, { propertyNames: subscriberId }),
  },
  { additionalProperties: false, title: "Configuration of Tandem" },
);

export type ConfigShape = Type.Static<typeof configSchema>;
export type SubscriberShape = Type.Static<typeof subscriber>;
export type TrunkShape = Type.Static<typeof trunk>;
export type CenterShape = Type.Static<typeof center>;
export type PhoneShape = Type.Static<typeof phone>;
export type SubjectShape = Type.Static<typeof subject>;
export type TokenKeyShape = Type.Static<typeof tokenKey>;
export type PolicyShape = Type.Static<typeof policy>;
export type AnnouncementShape = Type.Static<typeof announcement>;
export type SecretShape = Type.Static<typeof secret>;
export type TextsShape = Type.Static<ReturnType<typeof texts>>;
