import test from "node:test";
import { proveInNamespace } from "./in-namespace.ts";

test("Bob's telephone stays Bob's, whoever tries to register", (t) => proveInNamespace(t, "registrations"));
