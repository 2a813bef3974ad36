import test from "node:test";
import { proveInNamespace } from "./in-namespace.ts";

test("Ann and Bob talk on, whatever strangers send", (t) => proveInNamespace(t, "strangers"));
