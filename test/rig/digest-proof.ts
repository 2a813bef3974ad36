import { createHash } from "node:crypto";

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Whether an Authorization header's value proves the login. RFC 7616 3.4, for MD5 with and without qop; not the product's code. */
export function isProofOf(
  login: Login,
  request: { readonly method: string; readonly proof: string },
): boolean {
  const field = (name: string): string =>
    new RegExp(`[ ,]${name}=(?:"([^"]*)"|([^",\\s]+))`).exec(request.proof)?.slice(1).find(Boolean) ?? "";
  const secret = md5(`${login.username}:${field("realm")}:${login.password}`);
  const action = md5(`${request.method}:${field("uri")}`);
  const once = field("qop") === "" ? field("nonce") : ["nonce", "nc", "cnonce", "qop"].map(field).join(":");
  return field("username") === login.username && field("response") === md5(`${secret}:${once}:${action}`);
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
