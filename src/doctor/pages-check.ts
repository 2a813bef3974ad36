import { connect, type PeerCertificate } from "node:tls";
import type { Clock } from "#base/clock.ts";
import { doubtful, type Finding, reasonOf, well, wrong } from "./finding.ts";
import { getPage } from "./get-page.ts";
import type { Patient } from "./patient.ts";

const check = "pages";
const certificateDays = 14;
const patienceMs = 5_000;
const dayMs = 86_400_000;

/** The pages as browsers reach them: by the public URL, through whatever proxy stands there, with its certificate. */
export async function checkPages({ settings, runs, clock }: Patient): Promise<readonly Finding[]> {
  const { publicUrl } = settings.http;
  if (publicUrl === undefined)
    return [well(check, "TANDEM_PUBLIC_URL is not set: browsers of this machine alone come to the pages.")];
  const answer = await getPage(publicUrl, clock);
  if (answer.type === "tandem") {
    const found = well(check, `${publicUrl} shows Tandem's pages.`, { tookMs: answer.tookMs });
    return publicUrl.startsWith("https:") ? [found, await ofCertificate(new URL(publicUrl), clock)] : [found];
  }
  const says =
    answer.type === "none"
      ? `${publicUrl} does not answer: ${answer.why}.`
      : `${publicUrl} answers ${answer.status}, and not with Tandem's pages.`;
  // Without a platform behind it a proxy has nothing to show.
  if (!runs.web) return [doubtful(check, says, "Nothing runs yet: start Tandem, then ask again.")];
  return [
    wrong(check, says, "Tandem itself runs: see to the proxy, its certificate and the name's address."),
  ];
}

async function ofCertificate(url: URL, clock: Clock): Promise<Finding> {
  try {
    const certificate = await certificateOf(url, clock);
    const daysLeft = Math.floor((Date.parse(certificate.valid_to) - clock.now()) / dayMs);
    const says = `The certificate of ${url.host} is good for ${daysLeft} days.`;
    if (daysLeft >= certificateDays) return well(check, says, { daysLeft });
    return doubtful(check, says, "See that it is renewed.", { daysLeft });
  } catch (error) {
    return doubtful(
      check,
      `The certificate of ${url.host} cannot be read: ${reasonOf(error)}.`,
      "See to the proxy.",
    );
  }
}

function certificateOf(url: URL, clock: Clock): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const port = url.port === "" ? 443 : Number(url.port);
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false });
    const cancel = clock.at(clock.now() + patienceMs, () =>
      socket.destroy(new Error("no answer within 5 s")),
    );
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", cancel);
  });
}
