/** `--import` it: the product's sources are read with the planted fault that `TANDEM_PLANTED_FAULT` names; the files stay as they are. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { plantedFaults } from "./planted-faults.ts";

const name = process.env["TANDEM_PLANTED_FAULT"];
const fault = plantedFaults.find((each) => each.name === name);
if (fault === undefined) throw new Error(`no planted fault is named ${name}`);
const sources = join(import.meta.dirname, "../../src");

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const edits = fault.edits.filter(({ file }) => pathToFileURL(join(sources, file)).href === url);
    if (edits.length === 0) return loaded;
    let text = Buffer.from(loaded.source as Uint8Array).toString();
    for (const { file, from, to } of edits) {
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
      text = text.replace(from, () => to);
    }
    return { ...loaded, source: text };
  },
});
