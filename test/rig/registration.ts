/** Where a telephone registers, and as whom. */
export interface Registration {
  /** The platform's port on 127.0.0.1 for this transport. */
  readonly sipPort: number;
  /** `bob.bank` */
  readonly user: string;
  readonly password: string;
  readonly transport: "udp" | "tcp" | "tls";
}
