/** A digest challenge as it stands in WWW-Authenticate or Proxy-Authenticate: RFC 3261 25.1, RFC 7616 3.3. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  readonly qop: Qop;
  readonly opaque?: string;
  readonly stale: boolean;
}

export type Algorithm = "MD5" | "MD5-sess" | "SHA-256" | "SHA-256-sess";
/** `none` is RFC 2069's form: no qop parameter was offered, and none is answered. */
export type Qop = "auth" | "auth-int" | "none";

// RFC 8760 2.6: the server lists by preference, yet a client may hold to the strongest that it knows.
const strength: Readonly<Record<Algorithm, number>> = {
  MD5: 1,
  "MD5-sess": 2,
  "SHA-256": 3,
  "SHA-256-sess": 4,
};
const longestHeader = 2_000;
const mostChallenges = 10;

/** The strongest of the challenges that can be answered, the first of equals; undefined when none can. */
export function strongestChallenge(headerValues: readonly string[], realm?: string): Challenge | undefined {
  return headerValues
    .slice(0, mostChallenges)
    .map(parsedChallenge)
    .filter((challenge) => challenge !== undefined)
    .filter((challenge) => realm === undefined || challenge.realm === realm)
    .reduce<Challenge | undefined>(
      (best, next) =>
        best === undefined || strength[next.algorithm] > strength[best.algorithm] ? next : best,
      undefined,
    );
}

/** One header field's value; undefined when it is no digest challenge, or asks for what we do not know. */
export function parsedChallenge(value: string): Challenge | undefined {
  if (value.length > longestHeader) return undefined;
  const scheme = /^\s*digest\s+/i.exec(value);
  if (scheme === null) return undefined;
  const parameters = parsedParameters(value.slice(scheme[0].length));
  const realm = parameters?.get("realm");
  const nonce = parameters?.get("nonce");
  if (parameters === undefined || realm === undefined || nonce === undefined) return undefined;
  const algorithm = knownAlgorithm(parameters.get("algorithm"));
  const qop = knownQop(parameters.get("qop"));
  if (algorithm === undefined || qop === undefined) return undefined;
  const opaque = parameters.get("opaque");
  return {
    realm,
    nonce,
    algorithm,
    qop,
    ...(opaque === undefined ? {} : { opaque }),
    stale: parameters.get("stale")?.toLowerCase() === "true",
  };
}

/** `name=token` and `name="quoted"`, by commas; undefined when it is anything else. Quoted pairs are undone. */
function parsedParameters(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  const parameter = /\s*([A-Za-z0-9._!%*+`'~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y;
  while (parameter.lastIndex < text.length) {
    const found = parameter.exec(text);
    if (found === null) return undefined;
    const [, name = "", quoted, bare = ""] = found;
    parameters.set(name.toLowerCase(), quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1"));
  }
  return parameters;
}

function knownAlgorithm(name: string | undefined): Algorithm | undefined {
  // RFC 7616 3.3: absent means MD5; names are compared without regard to case.
  switch (name?.toUpperCase()) {
    case undefined:
    case "MD5":
      return "MD5";
    case "MD5-SESS":
      return "MD5-sess";
    case "SHA-256":
      return "SHA-256";
    case "SHA-256-SESS":
      return "SHA-256-sess";
    default:
      return undefined;
  }
}

function knownQop(offered: string | undefined): Qop | undefined {
  if (offered === undefined) return "none";
  const values = offered.split(",").map((value) => value.trim().toLowerCase());
  if (values.includes("auth")) return "auth";
  return values.includes("auth-int") ? "auth-int" : undefined;
}
