import { resolve } from "node:path";
import { TandemError } from "#base/errors.ts";
import Type from "typebox";

/** How SIP is received, as the unit's process is told it. What is undefined is off. */
export interface SipSettings {
  readonly address: string;
  readonly port: number;
  readonly advertisedAddress: string | undefined;
  readonly tls: {
    readonly port: number | undefined;
    readonly certificateFile: string | undefined;
    readonly keyFile: string | undefined;
    /** Authorities that are believed beside the machine's. */
    readonly authorityFile: string | undefined;
  };
}

const port = Type.Integer({ minimum: 0, maximum: 65535 });
const file = Type.String({ minLength: 1 });

/** The part of the table of variables that is about SIP. */
export const sipVariables = {
  TANDEM_SIP_ADDRESS: Type.String({ default: "127.0.0.1" }),
  TANDEM_SIP_PORT: Type.Integer({ ...port, default: 5060 }),
  TANDEM_SIP_ADVERTISED_ADDRESS: Type.Optional(Type.String({ minLength: 2 })),
  TANDEM_SIP_TLS_PORT: Type.Optional(port),
  TANDEM_SIP_TLS_CERTIFICATE: Type.Optional(file),
  TANDEM_SIP_TLS_KEY: Type.Optional(file),
  TANDEM_SIP_TLS_CA: Type.Optional(file),
};

const shape = Type.Object(sipVariables);
type Parsed = Type.Static<typeof shape>;

/** Throws SETTINGS_INVALID where one variable lacks another. */
export function sipSettings(parsed: Parsed): SipSettings {
  const { TANDEM_SIP_TLS_CERTIFICATE: certificate, TANDEM_SIP_TLS_KEY: key } = parsed;
  const wrong: Record<string, string> = {};
  if (certificate !== undefined && key === undefined)
    wrong["TANDEM_SIP_TLS_KEY"] = "is missing: a certificate is of no use without its key";
  if (key !== undefined && certificate === undefined)
    wrong["TANDEM_SIP_TLS_CERTIFICATE"] = "is missing: a key is of no use without its certificate";
  if (parsed.TANDEM_SIP_TLS_PORT !== undefined && (certificate ?? key) === undefined)
    wrong["TANDEM_SIP_TLS_PORT"] = "needs TANDEM_SIP_TLS_CERTIFICATE and TANDEM_SIP_TLS_KEY";
  if (Object.keys(wrong).length > 0) throw new TandemError("SETTINGS_INVALID", wrong);
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return {
    address: parsed.TANDEM_SIP_ADDRESS,
    port: parsed.TANDEM_SIP_PORT,
    advertisedAddress: parsed.TANDEM_SIP_ADVERTISED_ADDRESS,
    tls: {
      port: parsed.TANDEM_SIP_TLS_PORT,
      certificateFile: absolute(certificate),
      keyFile: absolute(key),
      authorityFile: absolute(parsed.TANDEM_SIP_TLS_CA),
    },
  };
}
