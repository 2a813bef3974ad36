import { TandemError } from "#base/errors.ts";
import type { Trunk } from "#network/records.ts";
import { findTrunks } from "#network/trunk-table.ts";
import { askPeer, type PeerAnswer } from "#telecom/ask-peer.ts";
import { doubtful, type Finding, well, wrong } from "./finding.ts";
import type { Patient } from "./patient.ts";
import { askStanding } from "./standing-database.ts";

const check = "trunks";
/** Longer than a call waits for a silent address before it takes the next. */
const waitMs = 4_500;

/** Each trunk of the configuration file, else of the database: where its name leads, and whether it answers OPTIONS over its transport. */
export async function checkTrunks(patient: Patient): Promise<readonly Finding[]> {
  const trunks = patient.trunks ?? (await storedTrunks(patient));
  return await Promise.all(trunks.map(async (trunk) => ofAnswers(trunk, await ask(trunk, patient))));
}

/** What was loaded last; a database that cannot be asked has a check of its own. */
async function storedTrunks({ settings, clock }: Patient): Promise<readonly Trunk[]> {
  try {
    const stored = await askStanding(settings, clock, findTrunks);
    return typeof stored === "string" ? [] : stored;
  } catch (error) {
    if (error instanceof TandemError && error.code === "DATABASE_UNAVAILABLE") return [];
    throw error;
  }
}

async function ask(trunk: Trunk, { settings, clock, random }: Patient): Promise<readonly PeerAnswer[]> {
  const { address, advertisedAddress, tls } = settings.unit.sip;
  const { port: _port, ...proofs } = tls;
  return await askPeer(trunk, { address, advertisedAddress, tls: proofs, waitMs, clock, random });
}

export function ofAnswers(
  trunk: Pick<Trunk, "id" | "host" | "port" | "transport">,
  answers: readonly PeerAnswer[],
): Finding {
  const name = `Trunk ${trunk.id}`;
  if (answers.length === 0)
    return wrong(
      check,
      `${name}: ${trunk.host} leads to no address.`,
      "See that the name is right, and that this machine's DNS knows it (SRV or address records).",
    );
  const alive = answers.find(({ status }) => status !== undefined);
  const silent = answers.filter(({ status }) => status === undefined);
  const told = silent.map((each) => `${addressOf(each)} ${each.reason}`).join(", ");
  const way = `over ${trunk.transport.toUpperCase()}`;
  if (alive?.status === undefined)
    return wrong(
      check,
      `${name}: ${told} (OPTIONS ${way}).`,
      "See that host, port and transport are right, that the trunk knows this machine's address, and that no firewall is between.",
    );
  const figures = { status: alive.status, roundTripMs: alive.tookMs };
  const says = `${name}: ${addressOf(alive)} answers ${alive.status} ${alive.reason} after ${alive.tookMs} ms ${way}`;
  if (silent.length > 0)
    return doubtful(
      check,
      `${says}; ${told}.`,
      "Calls take the address that lives, and some seconds longer.",
      figures,
    );
  if (alive.status === 403)
    return doubtful(
      check,
      `${says}.`,
      "It lives, and may refuse calls too: have this machine's address let in.",
      figures,
    );
  if (alive.status >= 500 && alive.status !== 501)
    return doubtful(check, `${says}.`, "It lives, and says that it is not well: ask who runs it.", figures);
  return well(check, `${says}.`, figures);
}

function addressOf({ address, port }: PeerAnswer): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
