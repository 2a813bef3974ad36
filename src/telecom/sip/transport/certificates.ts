import { readFileSync, statSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Clock } from "#base/clock.ts";
import { TandemError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";

/** Where the operator keeps what TLS needs, all in PEM. A certificate and its key come together. */
export interface TlsFiles {
  /** Ours, with the chain behind it. */
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Authorities that are believed beside the machine's: a trunk's own, say. */
  readonly authorityFile?: string | undefined;
}

/** What we show of ourselves: the same object until the files change. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
}

const lookAgainMs = 60_000;

/**
 * Our certificate and the authorities that we believe. A renewed certificate is found by looking at its files when a connection is
 * made, once a minute at most: nobody has to tell, and connections that stand are left alone.
 */
export class Certificates {
  readonly #files: TlsFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #authorities: readonly string[];
  #own: OwnCertificate | undefined;
  #client: { readonly own: OwnCertificate | undefined; readonly context: SecureContext } | undefined;
  #seen: string;
  #lookedAtMs: number;

  /** Throws SETTINGS_INVALID when a file cannot be read, or the key is another certificate's. */
  constructor(files: TlsFiles, means: { readonly clock: Clock; readonly log: Log }) {
    this.#files = files;
    this.#clock = means.clock;
    this.#log = means.log;
    this.#lookedAtMs = means.clock.now();
    try {
      this.#seen = this.#marks();
      this.#own = this.#read();
      this.#authorities =
        files.authorityFile === undefined ? [] : [readFileSync(files.authorityFile, "utf8")];
      createSecureContext({ ca: [...this.#authorities] });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TandemError("SETTINGS_INVALID", { tls: `its files cannot be used: ${why}` }, cause);
    }
  }

  /** What we show whoever connects; undefined when the settings name none. */
  get own(): OwnCertificate | undefined {
    const nowMs = this.#clock.now();
    if (this.#own === undefined || nowMs - this.#lookedAtMs < lookAgainMs) return this.#own;
    this.#lookedAtMs = nowMs;
    try {
      const marks = this.#marks();
      if (marks !== this.#seen) this.#own = this.#read();
      this.#seen = marks;
    } catch (error) {
      // Half-written, perhaps: it is looked at again, and until then the old one is as good as it was.
      this.#log.warn({ error: String(error) }, "A new TLS certificate cannot be used; the old one stands.");
    }
    return this.#own;
  }

  /** For the connections that we open. Made once: to read all authorities takes milliseconds. */
  forClients(): SecureContext {
    const { own } = this;
    if (this.#client === undefined || this.#client.own !== own) {
      const ca = [...getCACertificates("default"), ...this.#authorities];
      this.#client = { own, context: createSecureContext({ ca, ...own }) };
    }
    return this.#client.context;
  }

  #marks(): string {
    return [this.#files.certificateFile, this.#files.keyFile]
      .filter((file) => file !== undefined)
      .map((file) => statSync(file))
      .map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`)
      .join(", ");
  }

  #read(): OwnCertificate | undefined {
    const { certificateFile, keyFile } = this.#files;
    if (certificateFile === undefined || keyFile === undefined) return undefined;
    const own = { cert: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    createSecureContext(own);
    return own;
  }
}
