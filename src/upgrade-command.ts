import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { askSupervisor } from "./control-door.ts";
import { ownInstallation } from "./installation.ts";
import { readControlSocket } from "./settings.ts";

interface Said {
  readonly code: number;
  readonly text: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `tandem upgrade [FOLDER]`: without a folder the version is put in place whose `tandem` says so. */
export async function upgradeCommand(folder: string | undefined, environment: Environment): Promise<Said> {
  const to = folder === undefined ? ownInstallation().folder : resolve(folder);
  if (!existsSync(to)) return { code: 1, text: `There is no folder ${to}.\n` };
  const answer = await askSupervisor(readControlSocket(environment), { do: "upgrade", to });
  if (answer === undefined) return nobody(environment);
  if (answer.done) return { code: 0, text: `${answer.says}\n` };
  return {
    code: 1,
    text: `Not upgraded: ${answer.says}.\nThe platform stays with the version that ran. The log has more.\n`,
  };
}

/** `tandem shutdown`: the one way to end all calls. */
export async function shutdownCommand(environment: Environment): Promise<Said> {
  const answer = await askSupervisor(readControlSocket(environment), { do: "shutdown" });
  if (answer === undefined) return nobody(environment);
  return { code: answer.done ? 0 : 1, text: `${answer.says}\n` };
}

function nobody(environment: Environment): Said {
  return {
    code: 1,
    text: `No \`tandem start\` answers at ${readControlSocket(environment)}. TANDEM_DATA says where it keeps its data.\n`,
  };
}
