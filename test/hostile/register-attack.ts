import { createHash } from "node:crypto";
import { Stranger, strangersAddress } from "./stranger.ts";

export interface Guess {
  readonly user: string;
  readonly password: string;
}

/** A REGISTER, and once more with the password that is guessed, by the strongest hash that is offered (RFC 7616; not our code). */
export async function guess(stranger: Stranger, port: number, { user, password }: Guess): Promise<string> {
  const challenged = await stranger.asks(port, { method: "REGISTER", user });
  const nonce = /nonce="([^"]+)", algorithm=SHA-256/.exec(challenged)?.[1];
  if (nonce === undefined) return challenged;
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const uri = `sip:${user}@127.0.0.1`;
  const response = sha(
    `${sha(`${user}:tandem:${password}`)}:${nonce}:00000001:c:auth:${sha(`REGISTER:${uri}`)}`,
  );
  const proof =
    `Authorization: Digest username="${user}", realm="tandem", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"`;
  return stranger.asks(port, { method: "REGISTER", user, headers: [proof] });
}

/**
 * `count` guesses, each from the next of the network's addresses: `user` is one whose password is searched for, or the beginning of
 * names that nobody has. Gives how often each answer came.
 */
export async function guessPasswords(wish: {
  readonly port: number;
  readonly network: number;
  readonly addresses: number;
  readonly count: number;
  readonly user: string;
  readonly oneUser: boolean;
}): Promise<Readonly<Record<string, number>>> {
  const { port, network, addresses, count, user, oneUser } = wish;
  const answers: Record<string, number> = {};
  const each = Array.from({ length: addresses }, async (_, at) => {
    const stranger = await Stranger.open(strangersAddress(network, at));
    for (let n = at; n < count; n += addresses) {
      const told = await guess(stranger, port, {
        user: oneUser ? user : `${user}${n}`,
        password: `password ${n}`,
      });
      const first = told.slice("SIP/2.0 ".length, told.indexOf("\r\n"));
      const answer = /^Retry-After: \d+\r$/m.test(told) ? `${first}, Retry-After` : first;
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
    stranger.close();
  });
  await Promise.all(each);
  return answers;
}
