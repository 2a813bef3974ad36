import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { TandemError } from "#base/errors.ts";
import { readControlSocket, readSettings, unitSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-settings-"));
after(() => rmSync(folder, { recursive: true }));
const key = Buffer.alloc(32, 7).toString("base64url");

test("everything but the secret key has a default", () => {
  const settings = readSettings({ TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder });
  assert.equal(settings.http.host, "127.0.0.1");
  assert.equal(settings.http.port, 8080);
  assert.equal(settings.databaseUrl, `sqlite:${folder}/tandem.sqlite`);
  assert.deepEqual(settings.unit.rtpPorts, { first: 20000, last: 29999 });
  assert.equal(settings.secretKeys[0]?.length, 32);
  assert.equal(settings.development, false);
});

test("outside development a missing secret key is an error that says what is needed", () => {
  assert.throws(() => readSettings({ TANDEM_DATA: folder }), wrong("TANDEM_SECRET_KEYS"));
});

test("in development a key is made once and kept", () => {
  const environment = { TANDEM_DEVELOPMENT: "true", TANDEM_DATA: folder };
  assert.deepEqual(readSettings(environment).secretKeys, readSettings(environment).secretKeys);
});

test("keys are rotated by putting the new one first", () => {
  const newer = Buffer.alloc(32, 9).toString("base64url");
  const settings = readSettings({ TANDEM_SECRET_KEYS: `${newer},${key}`, TANDEM_DATA: folder });
  assert.deepEqual(
    settings.secretKeys.map((each) => each[0]),
    [9, 7],
  );
});

for (const [name, value] of [
  ["TANDEM_HTTP_PORT", "eighty"],
  ["TANDEM_HTTP_PORT", "70000"],
  ["TANDEM_RTP_PORTS", "30000-20000"],
  ["TANDEM_RTP_PORTS", "all"],
  ["TANDEM_DATABASE", "mysql://somewhere"],
  ["TANDEM_PUBLIC_URL", "tandem.example"],
  ["TANDEM_PUBLIC_URL", "https://talk example"],
  ["TANDEM_PUBLIC_URL", "https://talk.example/tandem"],
  ["TANDEM_PUBLIC_URL", "https://ann@talk.example"],
  ["TANDEM_PUBLIC_URL", "ftp://talk.example"],
  ["TANDEM_TRUST_PROXY", "proxy.local"],
  ["TANDEM_TRUST_PROXY", "10.0.0.1, 10.0.0.0/33"],
  ["TANDEM_SECRET_KEYS", ","],
  ["TANDEM_SECRET_KEYS", "A".repeat(50)],
  ["TANDEM_LOG", "loud"],
  ["TANDEM_OPERATOR_TOKEN", "short"],
  ["TANDEM_HTPP_PORT", "8080"],
  ["TANDEM_SIP_TLS_PORT", "5061"],
  ["TANDEM_SIP_TLS_PORT", "70000"],
  ["TANDEM_SIP_WEBSOCKET_ORIGINS", "https://talk.example/phones"],
  ["TANDEM_SIP_WEBSOCKET_ORIGINS", "*"],
  ["TANDEM_WEBRTC_PORTS", "31999"],
  ["TANDEM_ICE_SERVERS", "stun.example"],
  ["TANDEM_ICE_SERVERS", "stun:stun.example:70000"],
  ["TANDEM_ICE_SERVERS", "turn:turn.example"],
  ["TANDEM_ICE_SERVERS", "turns:ann:secret@turn.example"],
] as const) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => readSettings({ TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder, [name]: value }),
      wrong(name),
    );
  });
}

test("a certificate and its key are set together", () => {
  const environment = { TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder };
  assert.throws(
    () => readSettings({ ...environment, TANDEM_SIP_TLS_KEY: "a.key" }),
    wrong("TANDEM_SIP_TLS_CERTIFICATE"),
  );
  assert.throws(
    () => readSettings({ ...environment, TANDEM_SIP_TLS_CERTIFICATE: "a.crt" }),
    wrong("TANDEM_SIP_TLS_KEY"),
  );
  const both = {
    TANDEM_SIP_TLS_CERTIFICATE: "a.crt",
    TANDEM_SIP_TLS_KEY: "a.key",
    TANDEM_SIP_TLS_PORT: "5061",
  };
  const { tls } = readSettings({ ...environment, ...both }).unit.sip;
  assert.deepEqual(tls, {
    port: 5061,
    certificateFile: resolve("a.crt"),
    keyFile: resolve("a.key"),
    authorityFile: undefined,
  });
  assert.deepEqual(JSON.parse(unitSettings(readSettings(environment))).sip.tls, {});
});

test("ICE servers are named as browsers name them, with the login of a relay", () => {
  const text = "stun:stun.example, turn:ann:a/b:c@turn.example:3479, stun:[2001:db8::1]:3480";
  const { unit } = readSettings({
    ...{ TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder },
    ...{ TANDEM_ICE_SERVERS: text, TANDEM_WEBRTC_PORTS: "40000-40099" },
  });
  assert.deepEqual(unit.webRtc, {
    ports: { first: 40_000, last: 40_099 },
    iceServers: [
      { hostname: "stun.example", port: 3478 },
      { hostname: "turn.example", port: 3479, relay: { username: "ann", password: "a/b:c" } },
      { hostname: "2001:db8::1", port: 3480 },
    ],
  });
});

test("a WebSocket is off unless its port is set, and lets our own pages in unless others are named", () => {
  const environment = { TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder };
  const webSocket = (more: Record<string, string>) =>
    readSettings({ ...environment, ...more }).unit.sip.webSocket;
  assert.equal(webSocket({ TANDEM_DEVELOPMENT: "true" }), undefined);
  const on = { TANDEM_SIP_WEBSOCKET_PORT: "5062" };
  assert.deepEqual(webSocket(on), {
    address: "127.0.0.1",
    port: 5062,
    origins: ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"],
    trustedProxies: [],
  });
  const open = { ...on, TANDEM_PUBLIC_URL: "https://talk.example/" };
  assert.deepEqual(webSocket(open)?.origins, ["https://talk.example"]);
  const named = { ...open, TANDEM_SIP_WEBSOCKET_ORIGINS: "https://one.example, https://two.example/" };
  assert.deepEqual(webSocket(named)?.origins, ["https://one.example", "https://two.example"]);
});

test("a WebSocket in the clear is refused beyond this machine, unless a proxy stands before it", () => {
  const environment = {
    TANDEM_SECRET_KEYS: key,
    TANDEM_DATA: folder,
    TANDEM_SIP_WEBSOCKET_PORT: "5062",
    TANDEM_SIP_WEBSOCKET_ADDRESS: "0.0.0.0",
  };
  assert.throws(() => readSettings(environment), wrong("TANDEM_SIP_WEBSOCKET_PORT"));
  for (const more of [
    { TANDEM_TRUST_PROXY: "10.0.0.5" },
    { TANDEM_SIP_TLS_CERTIFICATE: "a.crt", TANDEM_SIP_TLS_KEY: "a.key" },
  ]) {
    assert.equal(readSettings({ ...environment, ...more }).unit.sip.webSocket?.address, "0.0.0.0");
  }
});

test("browsers find SIP over WebSocket where it is told, or where the documents have it set up", () => {
  const environment = { TANDEM_DATA: folder, TANDEM_SECRET_KEYS: key };
  const socketUrl = (more: Record<string, string>): string | undefined =>
    readSettings({ ...environment, ...more }).http.browserPhones?.socketUrl;
  assert.equal(socketUrl({}), undefined);
  const on = { TANDEM_SIP_WEBSOCKET_PORT: "5062" };
  assert.equal(socketUrl(on), "ws://*:5062");
  assert.equal(socketUrl({ ...on, TANDEM_PHONE_HASHES: "SHA-256" }), undefined);
  const open = { ...on, TANDEM_PUBLIC_URL: "https://talk.example:8443" };
  const certificate = { TANDEM_SIP_TLS_CERTIFICATE: "a.crt", TANDEM_SIP_TLS_KEY: "a.key" };
  assert.equal(socketUrl({ ...open, ...certificate }), "wss://talk.example:5062");
  assert.equal(socketUrl({ ...open, TANDEM_TRUST_PROXY: "127.0.0.1" }), "wss://talk.example:8443/sip");
  const ice = { TANDEM_ICE_SERVERS: "stun:stun.example, turn:ann:secret@turn.example" };
  assert.deepEqual(readSettings({ ...environment, ...open, ...ice }).http.browserPhones?.iceServers, [
    { urls: ["stun:stun.example:3478"] },
  ]);
  const turn = { TANDEM_TURN_SERVERS: "turn:turn.example", TANDEM_TURN_SECRET: "a secret for tests" };
  const { http } = readSettings({ ...environment, ...open, ...ice, ...turn });
  assert.ok(!/secret/.test(JSON.stringify(http)), "no page is told a login at a TURN server, nor its secret");
  const told = "wss://phones.example/here";
  assert.equal(socketUrl({ ...open, TANDEM_SIP_WEBSOCKET_URL: told }), told);
  assert.throws(
    () => socketUrl({ ...on, TANDEM_SIP_WEBSOCKET_URL: "https://talk.example" }),
    wrong("TANDEM_SIP_WEBSOCKET_URL"),
  );
});

test("browsers' TURN servers have a secret, and the secret has servers", () => {
  const environment = { TANDEM_DATA: folder, TANDEM_SECRET_KEYS: key, TANDEM_SIP_WEBSOCKET_PORT: "5062" };
  const relays = (more: Record<string, string>) =>
    readSettings({ ...environment, ...more }).unit.webRtc.relays;
  const secret = { TANDEM_TURN_SECRET: "a secret for tests" };
  const servers = {
    TANDEM_TURN_SERVERS: "turn:t.example:3478?transport=udp, turns:[2001:db8::1]?transport=tcp",
  };
  const urls = ["turn:t.example:3478?transport=udp", "turns:[2001:db8::1]?transport=tcp"];
  assert.equal(relays({}), undefined);
  assert.deepEqual(relays({ ...secret, ...servers }), {
    urls,
    secret: secret.TANDEM_TURN_SECRET,
    only: false,
  });
  assert.equal(relays({ ...secret, ...servers, TANDEM_TURN_ONLY: "true" })?.only, true);
  assert.throws(() => relays(servers), wrong("TANDEM_TURN_SECRET"));
  assert.throws(() => relays(secret), wrong("TANDEM_TURN_SERVERS"));
  assert.throws(() => relays({ TANDEM_TURN_ONLY: "true" }), wrong("TANDEM_TURN_SERVERS"));
  for (const text of [
    "stun:t.example",
    "turn:ann:secret@t.example",
    "turn:t.example:70000",
    "turn:t.example?transport=tls",
    "turn:t.example x",
    Array.from({ length: 5 }, () => "turn:t.example").join(),
  ])
    assert.throws(() => relays({ ...secret, TANDEM_TURN_SERVERS: text }), wrong("TANDEM_TURN_SERVERS"), text);
});

test("what is wrong is told in words, all of it at once", () => {
  const environment = {
    TANDEM_DATA: folder,
    TANDEM_SECRET_KEYS: "short",
    TANDEM_TRUST_PROXY: "proxy.local",
    TANDEM_PUBLIC_URL: "https://talk.example/tandem",
  };
  assert.throws(
    () => readSettings(environment),
    (error: unknown) => {
      assert.ok(error instanceof TandemError);
      const { TANDEM_TRUST_PROXY, TANDEM_PUBLIC_URL, TANDEM_SECRET_KEYS } = error.details;
      assert.match(String(TANDEM_TRUST_PROXY), /^must hold IP addresses or networks/);
      assert.match(String(TANDEM_PUBLIC_URL), /^must be http:\/\/ or https:\/\/ and a host, without a path/);
      assert.match(String(TANDEM_SECRET_KEYS), /^must be one or more keys/);
      return true;
    },
  );
});

test("the public address may end with the slash that browsers show, and is kept without it", () => {
  const environment = { TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder };
  const settings = readSettings({ ...environment, TANDEM_PUBLIC_URL: "https://Talk.example/" });
  assert.equal(settings.http.publicUrl, "https://talk.example");
});

test("proxies are addresses and networks, of both versions", () => {
  const environment = { TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder };
  const settings = readSettings({ ...environment, TANDEM_TRUST_PROXY: "10.0.0.0/8, ::1,fd00::/8" });
  assert.deepEqual(settings.http.trustProxy, ["10.0.0.0/8", "::1", "fd00::/8"]);
});

test("served beyond loopback, the public address must be told: every form would be refused without it", () => {
  const environment = { TANDEM_SECRET_KEYS: key, TANDEM_DATA: folder };
  for (const host of ["0.0.0.0", "::", "192.0.2.7", "tandem.local"])
    assert.throws(() => readSettings({ ...environment, TANDEM_HTTP_HOST: host }), wrong("TANDEM_PUBLIC_URL"));
  for (const host of ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
    assert.equal(readSettings({ ...environment, TANDEM_HTTP_HOST: host }).http.host, host);
  const told = { ...environment, TANDEM_HTTP_HOST: "0.0.0.0", TANDEM_PUBLIC_URL: "https://talk.example" };
  assert.equal(readSettings(told).http.host, "0.0.0.0");
});

function wrong(name: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof TandemError && error.code === "SETTINGS_INVALID" && name in error.details;
}

test("a data folder in which the operator's socket would have too long a name is refused in words", () => {
  const folder = `/var/${"x".repeat(85)}`;
  assert.equal(readControlSocket({ TANDEM_DATA: folder }), `${folder}/control.sock`);
  assert.throws(
    () => readControlSocket({ TANDEM_DATA: `${folder}/tandem` }),
    (error) => error instanceof TandemError && /shorter path/.test(String(error.details["TANDEM_DATA"])),
  );
});
