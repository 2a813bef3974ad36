import { systemClock } from "#base/clock.ts";
import { whyNoBrowsers, whyNoFastPath } from "#telecom/soundness.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";

const oldest = { major: 22, minor: 18 } as const;

/** The Node.js that runs us, the way by which RTP leaves it, and whether browsers can be rung. */
export async function checkNode(): Promise<readonly Finding[]> {
  return [
    ofVersion(process.versions.node),
    ofFastPath(await whyNoFastPath()),
    ofBrowsers(await whyNoBrowsers(systemClock)),
  ];
}

export function ofVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor))
    return well("node", `Node.js ${version}.`, { version });
  const mend = `Run it by Node.js ${oldest.major}.${oldest.minor} or later; bin/setup brings one.`;
  return wrong("node", `Node.js ${version} is too old.`, mend, { version });
}

/** @param why the fast path cannot be had, in a sentence; undefined when it can */
export function ofFastPath(why: string | undefined): Finding {
  if (why === undefined) return well("node", "RTP takes the fast path to the kernel.");
  const mend = "Calls work, and each costs half as much CPU again. Install the optional package koffi.";
  return doubtful("node", `RTP takes Node's own sockets. ${why}`, mend);
}

/** @param why telephones in browsers cannot be rung; undefined when they can */
export function ofBrowsers(why: string | undefined): Finding {
  if (why === undefined) return well("node", "Telephones in browsers can be rung.");
  const mend = "All other telephones work. Install the optional package node-datachannel.";
  return doubtful("node", `Telephones in browsers cannot be rung. ${why}`, mend);
}
