import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import type { Patient } from "./patient.ts";
import { askStun } from "./stun.ts";

const check = "nat";
const setting = "TANDEM_SIP_ADVERTISED_ADDRESS";

/** The address that we bind, the one that far ends are told, and, where a STUN server is named, the one that they see. */
export async function checkNat(patient: Patient): Promise<readonly Finding[]> {
  const { settings, trunks, stunServer } = patient;
  const { address, advertisedAddress } = settings.unit.sip;
  const mine = Object.values(networkInterfaces()).flatMap(
    (each) => each?.map((found) => found.address) ?? [],
  );
  const trunkAddresses = (trunks ?? []).map(({ host }) => host.replace(/^\[(.*)\]$/, "$1"));
  const told = ofAddresses({ address, advertisedAddress, mine, trunkAddresses });
  return stunServer === undefined ? [told] : [told, await ofStun(patient, stunServer)];
}

export function ofAddresses(seen: {
  readonly address: string;
  readonly advertisedAddress: string | undefined;
  /** This machine's. */
  readonly mine: readonly string[];
  readonly trunkAddresses: readonly string[];
}): Finding {
  const { address, advertisedAddress, mine, trunkAddresses } = seen;
  const bound = kindOf(address);
  const told = advertisedAddress ?? address;
  if (bound === "wildcard" && advertisedAddress === undefined)
    return wrong(
      check,
      `SIP is bound to ${address}, and nothing says what far ends are to call back.`,
      `Set ${setting} to this host's address as they see it.`,
    );
  if (bound !== "wildcard" && bound !== "loopback" && !mine.includes(address))
    return wrong(
      check,
      `TANDEM_SIP_ADDRESS ${address} is no address of this machine.`,
      `It has ${mine.join(", ")}.`,
    );
  if (advertisedAddress !== undefined && kindOf(advertisedAddress) === "no address")
    return wrong(
      check,
      `${setting} ${advertisedAddress} is no IP address.`,
      "Names are not looked up: write the address itself.",
    );
  // A name may lead anywhere; a public address beyond a private one is known to be out of reach.
  const beyond = trunkAddresses.find((trunk) => kindOf(trunk) === "public");
  const reach = kindOf(told);
  if (beyond !== undefined && (reach === "private" || reach === "loopback"))
    return wrong(
      check,
      `Far ends are told ${told}, and the trunk ${beyond} cannot send there.`,
      `Set ${setting} to the public address, and forward the SIP port and the RTP range to this machine.`,
    );
  if (reach === "loopback")
    return well(check, `Far ends are told ${told}: telephones of this machine alone are reached.`);
  if (reach === "private")
    return doubtful(
      check,
      `Far ends are told ${told}: trunks of the same private network alone can answer.`,
      `For any other set ${setting} to the public address.`,
    );
  return well(check, `Far ends are told ${told}.`);
}

async function ofStun({ settings, clock, random }: Patient, server: string): Promise<Finding> {
  const { address, advertisedAddress } = settings.unit.sip;
  try {
    const seen = await askStun({ server, address, clock, random });
    const figures = { seenAddress: seen };
    const told = advertisedAddress ?? address;
    if (seen === told)
      return well(check, `The STUN server ${server} sees us as ${seen}, as far ends are told.`, figures);
    return wrong(
      check,
      `The STUN server ${server} sees us as ${seen}; far ends are told ${told}.`,
      `Set ${setting}=${seen}, if the trunks lie on the same side as that server.`,
      figures,
    );
  } catch (error) {
    return doubtful(
      check,
      `The STUN server ${server} cannot be asked: ${reasonOf(error)}.`,
      "Try another, or let UDP out to it.",
    );
  }
}

type Kind = "wildcard" | "loopback" | "private" | "public" | "no address";

function kindOf(address: string): Kind {
  if (!ipaddr.isValid(address)) return "no address";
  switch (ipaddr.process(address).range()) {
    case "unspecified":
      return "wildcard";
    case "loopback":
      return "loopback";
    case "private":
    case "uniqueLocal":
    case "linkLocal":
    case "carrierGradeNat":
      return "private";
    default:
      return "public";
  }
}
