import type { ConfigShape, PolicyShape } from "#network/config-schema.ts";

/** Ports of 127.0.0.1 where the telephones of a test listen. */
export interface BankPorts {
  readonly user: number;
  readonly center: number;
  /** A second center, tried when the first one fails. */
  readonly overflow?: number;
}

export const tokenSecret = "a secret that the bank's site and the platform share";
export const tokenKid = "bank-2026";

/**
 * A subscriber for the stories: a bank with mortgages, a page library and a digit map. Ann's telephone and the center's are SIP
 * user agents on this machine; every limit is out of the way unless the story is about limits.
 */
export function bankConfig(ports: BankPorts, policy: PolicyShape = {}): ConfigShape {
  const overflow =
    ports.overflow === undefined
      ? []
      : [{ center: "evenings", trunk: "overflow", number: "+12025550190", dnis: "8800", order: 2 }];
  return {
    trunks: {
      users: { host: "127.0.0.1", port: ports.user, callerId: "+12025550100" },
      center: { host: "127.0.0.1", port: ports.center },
      ...(ports.overflow === undefined ? {} : { overflow: { host: "127.0.0.1", port: ports.overflow } }),
    },
    subscribers: {
      bank: {
        name: "Example Bank",
        origins: ["https://bank.example"],
        country: "US",
        language: "en",
        trunk: "users",
        connectContent: {
          en: "Did you know? You can pay by telephone, too.",
          es: "¿Sabía que también puede pagar por teléfono?",
        },
        tokenKeys: [{ kid: tokenKid, alg: "HS256", secret: tokenSecret }],
        policy: { limits: unlimited, ...policy },
        centers: {
          support: { name: "Support", timeZone: "America/New_York", hours: "always" },
          evenings: { name: "Evenings", timeZone: "America/Chicago", hours: "always" },
          closed: { name: "Closed", timeZone: "Europe/Madrid", hours: {}, holidays: {} },
        },
        subjects: {
          mortgages: {
            name: { en: "Mortgages", es: "Hipotecas" },
            whisper: {
              en: "{subject}. {pause} Customer code {code}.",
              es: "{subject}. {pause} Código {code}.",
            },
            routes: [
              { center: "support", trunk: "center", number: "+12025550142", dnis: "7001", order: 1 },
              ...overflow,
            ],
          },
          savings: {
            name: { en: "Savings", es: "Ahorros" },
            routes: [{ center: "closed", trunk: "center", number: "+12025550143", dnis: "7002" }],
          },
        },
        pages: {
          rates: {
            title: { en: "Our rates today", es: "Tipos de hoy" },
            text: { en: "30 years fixed: 6.1 %", es: "30 años fijo: 6,1 %" },
          },
          form: { title: "Application form", url: "https://bank.example/apply" },
        },
        digits: { "12": "rates", "3": "form" },
      },
    },
  };
}

const unlimited = {
  perNumberPer10Minutes: 100_000,
  perNumberPerDay: 100_000,
  perAddressPerHour: 100_000,
  perPrefixPerHour: 100_000,
  perSubscriberPerHour: 1_000_000,
  perSubscriberAtOnce: 10_000,
};
