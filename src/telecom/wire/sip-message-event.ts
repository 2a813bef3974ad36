import type { SipMessageSeen } from "#contract/telecom.ts";
import type { WireMessage } from "../sip/transport/transport.ts";

const longestText = 16_384;

/** What whoever looks on is told of a SIP message: all of it but what proves a password or opens the media. */
export function sipMessageEvent(message: WireMessage, atMs: number): SipMessageSeen {
  const { direction, transport, remoteAddress, remotePort, octets } = message;
  const text = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, longestText));
  const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
  return {
    type: "sip-message",
    atMs,
    direction,
    transport,
    remote: `${host}:${remotePort}`,
    text: withoutSecrets(text.toString("utf8")),
  };
}

function withoutSecrets(text: string): string {
  return (
    text
      // RFC 3261 22.4, RFC 8760: with the nonce beside it a digest's response can be searched for its password.
      .replace(/^((?:Proxy-)?Authorization[ \t]*:).*(?:\r?\n[ \t].*)*/gim, "$1 ...")
      // A TURN server's login, good for the length of a call.
      .replace(/^(X-Tandem-Relay[ \t]*:[ \t]*\S*).*/gim, "$1 ...")
      // RFC 4568 9.2, RFC 8839 5.4.
      .replace(/^(a=crypto:.*?inline:)[^\r\n]*/gim, "$1...")
      .replace(/^(a=ice-pwd:)[^\r\n]*/gim, "$1...")
  );
}
