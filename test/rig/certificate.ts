import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { temporaryFolder } from "./processes.ts";

/** An authority that only this test believes. Needs openssl: ask `installed` first and skip. */
export interface Authority extends Disposable {
  /** What makes others believe it. */
  readonly file: string;
  /** A certificate of its making, for these alternative names: `DNS:trunk.example`, `IP:127.0.0.1`, `URI:sip:trunk.example`. */
  issue(...names: readonly string[]): CertificateFiles;
}

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function makeAuthority(): Authority {
  const folder = temporaryFolder("authority");
  const file = join(folder.path, "authority.crt");
  const key = join(folder.path, "authority.key");
  const make = (words: readonly string[]): void => {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    execFileSync("openssl", ["req", "-x509", ...curve, "-nodes", "-days", "2", ...words], { stdio: "pipe" });
  };
  make(["-subj", "/CN=Authority of the rig", "-keyout", key, "-out", file]);
  let issued = 0;
  return {
    file,
    issue(...names) {
      const base = join(folder.path, `issued-${++issued}`);
      const files = { certificateFile: `${base}.crt`, keyFile: `${base}.key` };
      make([
        ...["-CA", file, "-CAkey", key, "-subj", "/CN=issued"],
        ...["-addext", `subjectAltName=${names.join(",")}`, "-addext", "basicConstraints=critical,CA:FALSE"],
        ...["-keyout", files.keyFile, "-out", files.certificateFile],
      ]);
      return files;
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
