import { checkServerIdentity, type PeerCertificate } from "node:tls";

/**
 * RFC 5922 7: whether a certificate is the far end's that we mean. A SIP URI of a whole domain counts first; else host names and
 * addresses count as RFC 9525 says, which lets an asterisk stand for one label. RFC 5922 does not, but carriers' certificates do.
 * Undefined when it is; else the error that says why not.
 */
export function identityError(serverName: string, certificate: PeerCertificate): Error | undefined {
  const names = certificate.subjectaltname ?? "";
  if (sipDomains(names).includes(serverName.toLowerCase())) return undefined;
  // RFC 5922 7.1: the common name counts where no other name is told, of whatever kind.
  const { subject } = certificate;
  return checkServerIdentity(
    serverName,
    names === "" ? certificate : { ...certificate, subject: { ...subject, CN: "" } },
  );
}

/** `DNS:a.example, URI:sip:b.example`; a name that could be taken for two is quoted, and is none of ours. */
function sipDomains(subjectAltName: string): readonly string[] {
  const names = subjectAltName.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  return names.flatMap((name) => {
    // RFC 5922 7.1: a URI with a user part names a user, not a domain.
    const [, domain] = /^URI:sip:([A-Za-z0-9.-]+)$/i.exec(name.trim()) ?? [];
    return domain === undefined ? [] : [domain.toLowerCase()];
  });
}
