import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { type Language, offers, type Subject } from "./offers.ts";

/**
 * What the bank knows of the customer who has signed in, under the bank's signature: Tandem believes it, rings the number
 * without asking, and whispers the customer code to the agent. docs/wire.md has the claims.
 */
export async function makeToken(subject: Subject, language: Language): Promise<string> {
  return await new SignJWT({
    subject,
    context: {
      whisperCode: demoCustomer.code,
      phone: demoCustomer.phone,
      pageTitle: offers[language][subject].title,
    },
  })
    .setProtectedHeader({ alg: "HS256", kid: "demo" })
    .setIssuer("bank")
    .setAudience("tandem")
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(demoKey);
}

/** The customer that everybody is, on this site: a real one has a sign-in. */
export const demoCustomer = { name: "Ann", code: "A47", phone: "+12025550123" } as const;

/** The same as in examples/tandem.config.jsonc. A demonstration's key is no secret. */
const demoKey = new TextEncoder().encode("demonstration-only-0123456789abcdef0123456789abcdef");
