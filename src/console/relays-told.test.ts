import assert from "node:assert/strict";
import { test } from "node:test";
import { relaysIn } from "./relays-told.ts";

test("each header is a TURN server with the login of this call", () => {
  const relays = [" turn:t.example:3478 17:leg c2VjcmV0= ", "turns:t.example?transport=tcp 17:leg other"];
  assert.deepEqual(relaysIn({ relays, only: "1" }), {
    servers: [
      { urls: ["turn:t.example:3478"], username: "17:leg", credential: "c2VjcmV0=" },
      { urls: ["turns:t.example?transport=tcp"], username: "17:leg", credential: "other" },
    ],
    only: true,
  });
});

test("what is no such header is no server, and without any the sound goes by any way", () => {
  const relays = ["", "turn:t.example", "turn:t.example 17:leg", "http://t.example a b", "turn:t a b c"];
  assert.deepEqual(relaysIn({ relays, only: undefined }), { servers: [], only: false });
});
