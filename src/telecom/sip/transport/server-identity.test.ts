import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerCertificate } from "node:tls";
import { identityError } from "./server-identity.ts";

const holds = (subjectaltname: string, commonName = "issued.example") =>
  ({ subject: { CN: commonName }, subjectaltname }) as PeerCertificate;

for (const [names, serverName, why] of [
  ["URI:sip:trunk.example", "trunk.example", "by its domain's SIP URI (RFC 5922 7.1)"],
  ["DNS:edge.example, URI:sip:Trunk.example", "TRUNK.example", "whatever the case of its letters"],
  ["DNS:trunk.example", "trunk.example", "by its host name"],
  ["DNS:*.carrier.example", "east.carrier.example", "by an asterisk for one label"],
  ["IP Address:192.0.2.1", "192.0.2.1", "by its address"],
  ["", "issued.example", "by its common name, where no other name is told"],
] as const) {
  test(`a far end proves to be ${serverName} ${why}`, () => {
    assert.equal(identityError(serverName, holds(names)), undefined);
  });
}

for (const [names, serverName, why] of [
  ["URI:sip:other.example", "trunk.example", "by another domain's URI"],
  ["URI:sip:bob@trunk.example", "trunk.example", "by a user's URI (RFC 5922 7.1)"],
  ["URI:https://trunk.example", "trunk.example", "by a web site's URI"],
  ["DNS:*.carrier.example", "a.east.carrier.example", "by an asterisk for two labels"],
  ["URI:sip:*.carrier.example", "east.carrier.example", "by an asterisk in a URI"],
  ['DNS:"evil.example, URI:sip:trunk.example, x"', "trunk.example", "by one name that reads like three"],
  ["DNS:192.0.2.1", "192.0.2.1", "by an address that is given as a name"],
  ["DNS:other.example", "trunk.example", "by its common name, where other names are told"],
] as const) {
  test(`a far end does not prove to be ${serverName} ${why}`, () => {
    assert.ok(identityError(serverName, holds(names, "trunk.example")) instanceof Error);
  });
}
