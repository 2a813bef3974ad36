/** Writes docs/tandem.config.schema.json anew: `bin/node src/network/config/publish-schema.ts` after a change of the schema. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { configSchema } from "../config-schema.ts";

const published = { $schema: "https://json-schema.org/draft/2020-12/schema", ...configSchema };
writeFileSync(
  join(import.meta.dirname, "..", "..", "..", "docs", "tandem.config.schema.json"),
  `${JSON.stringify(published, null, 2)}\n`,
);
