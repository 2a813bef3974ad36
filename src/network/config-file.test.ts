import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { VirtualClock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { PageId, SubjectId, SubscriberId, TrunkId } from "#base/ids.ts";
import { makeLog, silentLog } from "#base/log.ts";
import { trunkCredentials } from "#contract/telecom.ts";
import { forEachDatabase } from "#rig/databases.ts";
import fc from "fast-check";
import { Value } from "typebox/value";
import { loadConfigFile, loadOrKeepConfig, readConfig } from "./config-file.ts";
import { configSchema } from "./config-schema.ts";
import { limitDefaults, policyDefaults } from "./defaults.ts";
import { openNetwork } from "./open-network.ts";

const means = {
  environment: { CARRIER_PASSWORD: "pass" },
  promptExists: (file: string) => file === "hello.wav",
};

const good = `{
  // Comments and trailing commas are welcome.
  "trunks": {
    "carrier": {
      "host": "sip.carrier.example",
      "credentials": { "username": "tandem", "password": { "env": "CARRIER_PASSWORD" } },
    },
  },
  "subscribers": {
    "bank": {
      "name": "Example Bank",
      "origins": ["https://www.bank.example"],
      "country": "US",
      "trunk": "carrier",
      "policy": { "userRingSeconds": 20, "limits": { "perNumberPerDay": 3 },
                  "announcements": { "userGreeting": { "file": "hello.wav" }, "goodbye": { "es": "Adiós", "en": "Bye" } } },
      "centers": {
        "main": { "name": "Main", "timeZone": "America/New_York",
                  "hours": { "mon-fri": ["09:00-17:30"], "sat": [] }, "holidays": { "2026-12-25": [] } },
      },
      "subjects": {
        "mortgages": { "name": "Mortgages", "whisper": "{subject}, {page}. {code}",
                       "routes": [{ "center": "main", "number": "+18005550100", "dnis": "4001" },
                                  { "center": "main", "number": "+18005550101", "order": 2 }] },
      },
      "pages": { "rates": { "title": "Rates", "url": "https://www.bank.example/rates" } },
      "digits": { "12": "rates" },
    },
  },
}`;

/** Each complaint as `line:column path message`. */
function complaints(text: string): readonly string[] {
  const read = readConfig(text, means);
  if (!("complaints" in read)) return [];
  return read.complaints.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

/** The good file with one thing changed. */
function spoiled(from: string, to: string): readonly string[] {
  assert.ok(good.includes(from), from);
  return complaints(good.replace(from, to));
}

test("a good file becomes records, with defaults where it says nothing", () => {
  const read = readConfig(good, means);
  assert.ok(!("complaints" in read), JSON.stringify(read));
  const [bank] = read.subscribers;
  assert.deepEqual(bank?.policy, {
    ...policyDefaults,
    userRingSeconds: 20,
    limits: { ...limitDefaults, perNumberPerDay: 3 },
    announcements: { userGreeting: { file: "hello.wav" }, goodbye: { text: { en: "Bye", es: "Adiós" } } },
  });
  assert.deepEqual(bank?.allowedCountries, ["US"]);
  assert.equal(read.trunks[0]?.credentials?.password, "pass");
  assert.deepEqual(
    read.routes.map(({ id, dnis, trunk, order, showAni }) => [id, dnis, trunk, order, showAni]),
    [
      ["mortgages-1", "4001", "carrier", 1, true],
      ["mortgages-2", "+18005550101", "carrier", 2, true],
    ],
  );
  assert.deepEqual(read.centers[0]?.hours.weekly.fri, [{ from: "09:00", to: "17:30" }]);
  assert.deepEqual(read.subjects[0]?.name, { en: "Mortgages" });
});

test("a route without a DNIS dials its number as the trunk wants it written", () => {
  const dnises = (text: string): readonly string[] => {
    const read = readConfig(text, means);
    assert.ok(!("complaints" in read), JSON.stringify(read));
    return read.routes.map(({ dnis }) => dnis);
  };
  const host = '"host": "sip.carrier.example",';
  const noPlus = good.replace(host, `${host} "numberFormat": "e164-no-plus",`);
  assert.deepEqual(dnises(noPlus), ["4001", "18005550101"]);
  assert.deepEqual(dnises(noPlus.replace('"dnis": "4001"', '"dnis": "+4001"')), ["+4001", "18005550101"]);
  const another = `"trunks": { "pbx": { ${host} "numberFormat": "e164-no-plus" },`;
  const overPbx = good.replace('"trunks": {', another).replace('"order": 2', '"order": 2, "trunk": "pbx"');
  assert.deepEqual(dnises(overPbx), ["4001", "18005550101"]);
});

test("a login that the unit would not take is told, also where the environment holds it", () => {
  const login = (username: string, CARRIER_PASSWORD: string, realm = "carrier"): readonly string[] => {
    const text = good.replace(
      '"username": "tandem"',
      `"username": ${JSON.stringify(username)}, "realm": ${JSON.stringify(realm)}`,
    );
    const read = readConfig(text, { ...means, environment: { CARRIER_PASSWORD } });
    if (!("complaints" in read)) {
      for (const { credentials } of read.trunks) assert.ok(Value.Check(trunkCredentials, credentials));
      return [];
    }
    return read.complaints.map(({ path, message }) => `${path} ${message}`);
  };
  const told = (name: string, longest: number): string =>
    `trunks.carrier.credentials.${name} must have at most ${longest} characters, and no control character`;
  assert.deepEqual(login("a".repeat(100), "p".repeat(200), "r".repeat(200)), []);
  assert.deepEqual(login("a".repeat(101), "p"), [told("username", 100)]);
  assert.deepEqual(login("tandem", "p".repeat(201)), [told("password", 200)]);
  assert.deepEqual(login("tandem", "p", "r".repeat(201)), [told("realm", 200)]);
  assert.deepEqual(login("tan\r\ndem", "p\u0000"), [told("username", 100), told("password", 200)]);
});

test("what is no JSON is told with its line and column", () => {
  assert.deepEqual(complaints('{\n  "trunks": {,\n}'), [
    "2:14  is no JSON here: value expected",
    "3:2  is no JSON here: close brace expected",
  ]);
  assert.equal(complaints("").length, 1);
});

test("a file may begin with a byte order mark, and its columns are counted without", () => {
  assert.deepEqual(complaints(`\ufeff${good}`), []);
  assert.deepEqual(complaints("\ufeff{ 7 }"), complaints("{ 7 }"));
});

test("a text that is nested without an end is told of as any other error", () => {
  const deep = "is nested more than 100 levels deep";
  assert.deepEqual(complaints("[".repeat(20_000)), [`1:101  ${deep}`]);
  assert.deepEqual(complaints(`{"trunks":\n${"[".repeat(20_000)}${"]".repeat(20_000)}}`), [`2:100  ${deep}`]);
  assert.ok(!String(complaints("[".repeat(100) + "]".repeat(100))).includes(deep));
  assert.ok(!String(complaints(`["${"[".repeat(200)}"]`)).includes(deep), "brackets in a text are no levels");
});

test("a PIN that the environment does not hold is told of once", () => {
  assert.deepEqual(spoiled('"userRingSeconds": 20', '"signOn": { "pin": { "env": "NO_PIN" } }'), [
    "15:47 subscribers.bank.policy.signOn.pin.env names NO_PIN, which the environment does not hold",
  ]);
});

test("every error of a file is told at once, in the order of the file", () => {
  const spoiledTwice = good
    .replace('"name": "Example Bank"', '"nome": "Example Bank"')
    .replace('"country": "US"', '"country": "usa"')
    .replace('"userRingSeconds": 20', '"userRingSeconds": 2000')
    .replace('"host": "sip.carrier.example"', '"host": 7');
  assert.deepEqual(complaints(spoiledTwice), [
    "5:15 trunks.carrier.host must be a host name or an IP address",
    "10:13 subscribers.bank lacks name",
    "11:7 subscribers.bank.nome is not known here",
    "13:18 subscribers.bank.country must be a country by ISO 3166-1, such as US",
    "15:38 subscribers.bank.policy.userRingSeconds must be <= 180",
  ]);
});

test("a reference that points nowhere is told where it stands", () => {
  assert.deepEqual(
    spoiled('"center": "main", "number": "+18005550100"', '"center": "mane", "number": "+18005550100"'),
    ["23:47 subscribers.bank.subjects.mortgages.routes[0].center mane is none of this subscriber's centers"],
  );
  assert.deepEqual(spoiled('"12": "rates"', '"12": "rate"'), [
    "27:25 subscribers.bank.digits.12 rate is none of this subscriber's pages",
  ]);
  assert.deepEqual(spoiled('"trunk": "carrier"', '"trunk": "carier"'), [
    "14:16 subscribers.bank.trunk carier is none of the trunks",
  ]);
  assert.match(
    String(spoiled('"order": 2', '"order": 2, "id": "mortgages-1"')),
    /another route's id already/,
  );
});

test("what a person gets wrong is told in words", () => {
  const cases: readonly [from: string, to: string, told: RegExp][] = [
    ['"12": "rates"', '"12": "rates", "12": "rates"', /digits\.12 stands here twice$/],
    ['"12"', '"1a"', /digits\.1a must be 1 to 8 digits$/],
    ['"bank": {', '"The Bank": {', /a name of 1 to 40 lower-case letters, digits and hyphens, and/],
    ['"bank": {', '"platform": {', /and not "platform"$/],
    ["America/New_York", "America/Nowhere", /timeZone is no time zone/],
    ['["09:00-17:30"]', '["9-17"]', /hours must be "always", or spans by weekday/],
    ['["09:00-17:30"]', '["09:00-09:00"]', /begins when it ends/],
    ['"sat": []', '"fri": []', /hours\.fri tells fri a second time$/],
    ['"mon-fri"', '"fri-mon"', /ends on a weekday before/],
    ["2026-12-25", "2026-02-30", /is no day of the calendar$/],
    ["2026-12-25", "Christmas", /must be a date such as 2026-12-25$/],
    ["hello.wav", "gone.wav", /userGreeting\.file is not in the folder of prompts/],
    ["hello.wav", "../../etc/x.wav", /userGreeting must be a text/],
    ["CARRIER_PASSWORD", "NOT_THERE", /password\.env names NOT_THERE, which the environment does not hold$/],
    ["{subject}, {page}", "{subject}, {name}", /whisper holds \{name\}; known here: \{subject\}/],
    [
      "https://www.bank.example/rates",
      "https://evil.example/rates",
      /must be on one of the subscriber's origins$/,
    ],
    [
      "https://www.bank.example/rates",
      "https://www.bank.example@evil.example/",
      /on one of the subscriber's origins$/,
    ],
    [
      "https://www.bank.example/rates",
      "javascript:alert(1)//aaaaaaaa",
      /on one of the subscriber's origins$/,
    ],
    ['["https://www.bank.example"]', '["http://www.bank.example"]', /must be an origin such as/],
    ['["https://www.bank.example"]', '["https://www.bank.example/x"]', /must be an origin such as/],
    ['"country": "US"', '"country": "ZZ"', /ZZ is no country$/],
    ['"country": "US"', '"country": "US", "privateNumbers": "(2+)+"', /must be alternatives such as/],
    [
      '"country": "US"',
      '"country": "US", "brand": { "accentColor": "red" }',
      /must be a colour such as #0a6b3d$/,
    ],
    ['"country": "US"', '"country": "US", "brand": { "logoUrl": "https://cdn.example/l.png" }', /origins$/],
    ['"order": 2', '"order": 2, "allowedAddresses": ["10.1/16"]', /is no address prefix/],
    ['"order": 2', '"order": 2, "weight": 0', /weight must be >= 1$/],
    ['"order": 2', '"order": 2, "dnis": "40 01"', /must be what stands before the @ of a SIP address$/],
    ['"userRingSeconds": 20', '"signOn": { "pin": "12a" }', /pin must be 1 to 12 digits$/],
    [
      '"country": "US"',
      '"country": "US", "tokenKeys": [{ "kid": "k", "alg": "HS256", "secret": "short" }]',
      /at least 32 octets$/,
    ],
    [
      '"country": "US"',
      '"country": "US", "tokenKeys": [{ "kid": "k", "alg": "none", "secret": "x" }]',
      /must be HS256 with/,
    ],
    [
      '"country": "US"',
      '"country": "US", "tokenKeys": [{ "kid": "k", "alg": "ES256", "jwk": { "kty": "EC", "crv": "P-256", "x": "A", "y": "A" } }]',
      /is no public key that can be used$/,
    ],
  ];
  for (const [from, to, told] of cases) {
    const found = spoiled(from, to);
    assert.ok(
      found.length >= 1 && found.some((complaint) => told.test(complaint)),
      `${to}: ${found.join(" | ")}`,
    );
    for (const complaint of found) assert.match(complaint, /^\d+:\d+ /);
  }
});

test("any text at all is answered by complaints or records, and a name from Object's own is only a name", () => {
  assert.match(String(spoiled('"bank"', '"__proto__"')), /must be a name of/);
  assert.deepEqual(spoiled('"bank"', '"constructor"'), []);
  assert.match(String(spoiled('"trunk": "carrier"', '"trunk": "constructor"')), /none of the trunks/);
  assert.match(String(spoiled('"12": "rates"', '"12": "constructor"')), /none of this subscriber's pages/);
  const anywhere = fc.tuple(fc.nat(good.length), fc.nat(30), fc.string({ unit: "grapheme", maxLength: 12 }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        anywhere.map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut)),
      ),
      (text) => {
        for (const complaint of complaints(text)) assert.match(complaint, /^\d+:\d+ /);
      },
    ),
    { numRuns: 500 },
  );
});

test("the published schema is the one that the loader uses", () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "..", "..", "docs", "tandem.config.schema.json"), "utf8"),
  );
  const { $schema: _draft, ...schema } = published as Record<string, unknown>;
  assert.deepEqual(
    schema,
    JSON.parse(JSON.stringify(configSchema)),
    "run: bin/node src/network/config/publish-schema.ts",
  );
});

const folder = mkdtempSync(join(tmpdir(), "tandem-config-"));
writeFileSync(join(folder, "hello.wav"), "");
after(() => rmSync(folder, { recursive: true, force: true }));

forEachDatabase((make, open) => {
  const bank = "bank" as SubscriberId;
  const path = join(folder, `${make}.jsonc`);

  test("a load replaces everything: what vanished from the file is gone", async () => {
    const database = await open();
    const network = openNetwork({ database, clock: new VirtualClock() });
    const load = (text: string): Promise<unknown> => {
      writeFileSync(path, text);
      return loadConfigFile({
        path,
        database,
        log: silentLog,
        promptFolder: folder,
        environment: means.environment,
      });
    };
    await load(good);
    assert.equal((await network.pageForDigits(bank, "12"))?.id, "rates");
    assert.equal((await network.trunk("carrier" as TrunkId))?.credentials?.password, "pass");
    const routes = await network.routes({
      subscriber: bank,
      subject: "mortgages" as SubjectId,
      atMs: Date.UTC(2026, 0, 5, 16),
      ipAddress: "192.0.2.1",
      draw: "welcome",
    });
    assert.deepEqual(routes.type === "routes" && routes.routes.map(({ id }) => id), [
      "mortgages-1",
      "mortgages-2",
    ]);

    await load(good.replace('"digits": { "12": "rates" },', "").replaceAll("mortgages", "cards"));
    assert.equal(await network.pageForDigits(bank, "12"), undefined);
    assert.equal((await network.page(bank, "rates" as PageId))?.id, "rates");
    assert.deepEqual(
      (await network.subjects(bank)).map(({ id }) => id),
      ["cards"],
    );
    assert.equal(await network.subject("shop" as SubscriberId, "cards" as SubjectId), undefined);
  });

  test("a file with errors changes nothing and tells file, line and column", async () => {
    const database = await open();
    writeFileSync(path, good);
    const options = {
      path,
      database,
      log: silentLog,
      promptFolder: folder,
      environment: means.environment,
    };
    await loadConfigFile(options);
    writeFileSync(
      path,
      good.replace('"center": "main", "number": "+18005550101"', '"center": "x", "number": "1"'),
    );
    await assert.rejects(loadConfigFile(options), (error) => {
      assert.ok(error instanceof TandemError && error.code === "CONFIG_INVALID");
      const [first] = error.details["errors"] as readonly string[];
      assert.ok(first?.startsWith(`${path}:24:`), first);
      return true;
    });
    assert.equal(
      (await openNetwork({ database, clock: new VirtualClock() }).subscriber(bank))?.name,
      "Example Bank",
    );
    writeFileSync(path, good);
    const { promptFolder: _folder, ...withoutPrompts } = options;
    for (const wrong of [{ ...options, path: join(folder, "none.jsonc") }, withoutPrompts]) {
      await assert.rejects(
        loadConfigFile(wrong),
        (error) => error instanceof TandemError && error.code === "CONFIG_INVALID",
      );
    }
  });

  test("a file that was spoiled since it was loaded is logged, and what was loaded holds on", async () => {
    const database = await open();
    const lines: string[] = [];
    const log = makeLog({
      process: "test",
      level: "error",
      destination: { write: (line) => lines.push(line) },
    });
    const options = { path, database, log, promptFolder: folder, environment: means.environment };
    writeFileSync(path, "{");
    await assert.rejects(
      loadOrKeepConfig(options),
      (error) => error instanceof TandemError && error.code === "CONFIG_INVALID",
      "there is nothing to go on with",
    );
    writeFileSync(path, good);
    await loadOrKeepConfig(options);
    writeFileSync(path, "{");
    await loadOrKeepConfig(options);
    assert.equal(
      (await openNetwork({ database, clock: new VirtualClock() }).subscriber(bank))?.name,
      "Example Bank",
    );
    assert.match(lines.join(""), /errors; what was loaded before holds on/);
    assert.ok(lines.join("").includes(`${path}:1:`), "the place is named");
  });
});
