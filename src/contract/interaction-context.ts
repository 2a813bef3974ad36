import type { SubjectId, SubscriberId } from "#base/ids.ts";
import Type from "typebox";

/**
 * TAG1: what a click says (patent steps 201-202), version 1.
 *
 * Subscriber and subject may stand bare in the link. Every other field says for itself whether it may be believed:
 * `verified` came inside the subscriber's signed token, `unverified` from the bare URL. What is unverified is shown
 * as such or dropped; it never chooses a number and is never whispered.
 */
export interface InteractionContext {
  readonly version: 1;
  readonly subscriber: SubscriberId;
  readonly subject: SubjectId;
  readonly verified: ContextFields;
  readonly unverified: ContextFields;
}

export const contextFields = Type.Object(
  {
    /** What the subscriber's own records call this visitor; whispered to the agent. */
    whisperCode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    /** The visitor's telephone number, as the site knows it: any spelling, parsed later. */
    phone: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    /** The page that the button stood on: address and title. */
    page: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    pageTitle: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
    referrer: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    /** Anything else the subscriber wants at the agent's side: at most 10 short fields. */
    extra: Type.Optional(
      Type.Record(Type.String({ pattern: "^[a-z][a-z0-9-]{0,19}$" }), Type.String({ maxLength: 100 }), {
        maxProperties: 10,
      }),
    ),
  },
  { additionalProperties: false },
);

export type ContextFields = Readonly<Type.Static<typeof contextFields>>;

/**
 * TAG2: the same context, ready for a telephone network (patent step 205). Made by `network/tag2.ts` alone.
 * Every string here is already safe in a header: no control characters, bounded length.
 */
export interface CallReadyContext {
  /** Dialled Number Identification: the user part of the Request-URI and To at the center's trunk. */
  readonly dnis: string;
  /** Calling number (ANI) in E.164 (`+` and digits), or undefined when the visitor's number is withheld by policy. */
  readonly ani: string | undefined;
  /** User-to-User payload (RFC 7433): at most 128 octets before the hex encoding. */
  readonly userToUser: Uint8Array;
  /** The value of the one X- header, `X-Tandem-Context`: reference, subscriber and subject as `key=value;...`, ASCII. */
  readonly xContext: string;
  /** What the agent may key or say to find this call's data: 6 digits. */
  readonly reference: string;
}
