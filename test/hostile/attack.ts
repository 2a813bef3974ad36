/** One attack as a process of its own: `attack.ts NAME JSON`. Prints its figures as a line of JSON; one that holds connections holds them until it is ended. */
import { holdConnections, sendDatagrams, sendStreams } from "./sip-attack.ts";
import { floodConnections } from "./connection-attack.ts";
import { floodHttp, holdHttp } from "./http-attack.ts";
import { injectMedia } from "./media-attack.ts";
import { guessPasswords } from "./register-attack.ts";

const attacks: Readonly<Record<string, (wish: never) => Promise<object>>> = {
  sendDatagrams,
  sendStreams,
  holdConnections,
  floodConnections,
  floodHttp,
  holdHttp,
  injectMedia,
  guessPasswords,
};

export type AttackName =
  | "sendDatagrams"
  | "sendStreams"
  | "holdConnections"
  | "floodConnections"
  | "floodHttp"
  | "holdHttp"
  | "injectMedia"
  | "guessPasswords";

const [, , name = "", wish = "{}"] = process.argv;
const figures = await attacks[name]?.(JSON.parse(wish) as never);
console.log(JSON.stringify(figures ?? { error: `no attack ${name}` }));
