import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "./processes.ts";

/**
 * The release before this tree, in a folder of its own: an upgrade is proved with code that is really another. Which commit that is
 * stands in `previous-release.txt`; whoever makes a release writes its commit there.
 */
const root = join(import.meta.dirname, "../..");
const commit = readFileSync(join(import.meta.dirname, "previous-release.txt"), "utf8").trim();

/** Why there is none here; undefined when there is one. */
export function whyNoPreviousRelease(): string | undefined {
  try {
    execFileSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: root, stdio: "ignore" });
    return undefined;
  } catch {
    return `the commit ${commit.slice(0, 7)} of the previous release is not in this clone (a shallow one, or no git)`;
  }
}

/** Its sources, with this tree's packages and built programs. */
export function previousRelease(): TemporaryFolder {
  const folder = temporaryFolder("previous");
  const archive = execFileSync("git", ["archive", commit, "bin", "src", "package.json"], {
    cwd: root,
    maxBuffer: 2 ** 28,
  });
  execFileSync("tar", ["-x", "-C", folder.path], { input: archive });
  symlinkSync(join(root, "node_modules"), join(folder.path, "node_modules"));
  symlinkSync(
    join(root, "src/presentation/assets/built"),
    join(folder.path, "src/presentation/assets/built"),
  );
  return folder;
}
