import { silentLog } from "#base/log.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import { describeMediaEngine } from "./media-contract.ts";

describeMediaEngine("embedded engine, dgram", (wish) =>
  openEmbeddedEngine({ ...wish, log: silentLog, sockets: "dgram" }),
);
