import { once } from "node:events";
import { type WebSocket, WebSocketServer } from "ws";

/**
 * The platform's side of a browser's telephone, said message by message (RFC 7118), so that a test can say things that the platform
 * says seldom: when it asks, when it calls again, that a password is wrong.
 */
export interface PhoneServer extends AsyncDisposable {
  readonly url: string;
  /** What a REGISTER is answered from now on; 200 unless told. */
  answers: { readonly status: number; readonly headers?: readonly string[] };
  /** Every SIP message that came, in order. */
  readonly heard: readonly string[];
  /** Resolves with the next REGISTER that was answered by 200, or with the one that was. */
  registered(): Promise<void>;
  /** OPTIONS: the status and the Reason that come back. */
  asks(): Promise<{ readonly status: number; readonly reason: string | undefined }>;
  /** INVITE with this offer. */
  calls(offer: string, more?: { readonly resumes?: boolean; readonly from?: string }): Promise<ServerCall>;
  /** Cuts every connection, as a network does. */
  cuts(): void;
}

export interface ServerCall {
  /** The telephone's answer, in SDP, or the status by which it did not. */
  readonly answered: Promise<{ readonly status: number; readonly sdp: string }>;
  /** What the telephone says within the call: `BYE`, `INVITE` (hold), `INFO`. */
  said(method: string): Promise<string>;
  hangsUp(): void;
  cancels(): void;
}

export async function openPhoneServer(): Promise<PhoneServer> {
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "sip" });
  await once(sockets, "listening");
  const address = sockets.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return new ScriptedServer(sockets, port);
}

class ScriptedServer implements PhoneServer {
  readonly url: string;
  answers: PhoneServer["answers"] = { status: 200 };
  readonly heard: string[] = [];
  readonly #sockets: WebSocketServer;
  readonly #listeners = new Set<(message: string) => void>();
  #socket: WebSocket | undefined;
  #contact: string | undefined;
  #made = 0;

  constructor(sockets: WebSocketServer, port: number) {
    this.#sockets = sockets;
    this.url = `ws://127.0.0.1:${port}`;
    sockets.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => this.#hears(socket, data.toString()));
      socket.on("close", () => {
        if (this.#socket === socket) this.#contact = undefined;
      });
    });
  }

  async registered(): Promise<void> {
    if (this.#contact === undefined)
      await this.#next((message) => message.startsWith("REGISTER") && this.#contact !== undefined);
  }

  async asks(): Promise<{ status: number; reason: string | undefined }> {
    const callId = this.#request("OPTIONS", {});
    const answer = await this.#next((message) => isAnswerTo(message, callId, "OPTIONS"));
    return { status: statusOf(answer), reason: header(answer, "Reason") };
  }

  async calls(offer: string, more: { resumes?: boolean; from?: string } = {}): Promise<ServerCall> {
    const callId = this.#request("INVITE", {
      from: more.from ?? "+12025550123",
      headers: [...(more.resumes === true ? ["X-Tandem-Resume: 1"] : []), "Content-Type: application/sdp"],
      body: offer,
    });
    let toTag = "";
    const answered = this.#next(
      (message) => isAnswerTo(message, callId, "INVITE") && statusOf(message) >= 200,
    ).then((message) => {
      toTag = /;tag=([^;\s]+)/.exec(header(message, "To") ?? "")?.[1] ?? "";
      this.#request("ACK", { callId, toTag });
      return { status: statusOf(message), sdp: message.slice(message.indexOf("\r\n\r\n") + 4) };
    });
    return {
      answered,
      said: (method) =>
        this.#next((message) => message.startsWith(`${method} `) && header(message, "Call-ID") === callId),
      hangsUp: () => void this.#request("BYE", { callId, toTag, number: 2 }),
      cancels: () => void this.#request("CANCEL", { callId }),
    };
  }

  cuts(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cuts();
    this.#sockets.close();
    await once(this.#sockets, "close");
  }

  #hears(socket: WebSocket, message: string): void {
    this.heard.push(message);
    if (message.startsWith("REGISTER")) {
      const { status, headers = [] } = this.answers;
      const contact = header(message, "Contact") ?? "";
      const isGone = /expires=0/.test(contact);
      this.#socket = socket;
      this.#contact = status === 200 && !isGone ? /<([^>]+)>/.exec(contact)?.[1] : undefined;
      socket.send(answerTo(message, status, [`Contact: ${contact}`, ...headers]));
    } else if (/^(BYE|INFO|CANCEL)/.test(message)) socket.send(answerTo(message, 200, []));
    // Of a hold it is the story that matters: an offer that is refused leaves the call as it was (RFC 3261 14.1).
    else if (message.startsWith("INVITE")) socket.send(answerTo(message, 488, []));
    for (const listener of [...this.#listeners]) listener(message);
  }

  /** Gives the Call-ID. */
  #request(
    method: string,
    wish: {
      readonly callId?: string;
      readonly toTag?: string;
      readonly number?: number;
      readonly from?: string;
      readonly headers?: readonly string[];
      readonly body?: string;
    },
  ): string {
    const { callId = `call-${++this.#made}`, toTag, number = 1, headers = [], body = "" } = wish;
    const branch = method === "CANCEL" ? "INVITE" : method;
    const lines = [
      `${method} ${this.#contact} SIP/2.0`,
      `Via: SIP/2.0/WS 127.0.0.1;branch=z9hG4bK-${callId}-${branch}`,
      "Max-Forwards: 70",
      `From: <sip:${wish.from ?? "+12025550123"}@127.0.0.1>;tag=server`,
      `To: <sip:7001@127.0.0.1>${toTag === undefined ? "" : `;tag=${toTag}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${number} ${method}`,
      "Contact: <sip:tandem@127.0.0.1;transport=ws>",
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ];
    this.#socket?.send(lines.join("\r\n"));
    return callId;
  }

  #next(isIt: (message: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      const listener = (message: string): void => {
        if (!isIt(message)) return;
        this.#listeners.delete(listener);
        resolve(message);
      };
      this.#listeners.add(listener);
    });
  }
}

function answerTo(request: string, status: number, headers: readonly string[]): string {
  const same = ["Via", "From", "Call-ID", "CSeq"].map((name) => `${name}: ${header(request, name)}`);
  const to = header(request, "To") ?? "";
  return [
    `SIP/2.0 ${status} As told`,
    ...same,
    `To: ${/;tag=/.test(to) ? to : `${to};tag=server`}`,
    ...headers,
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

function isAnswerTo(message: string, callId: string, method: string): boolean {
  return (
    message.startsWith("SIP/2.0 ") &&
    header(message, "Call-ID") === callId &&
    header(message, "CSeq")?.endsWith(method) === true
  );
}

function statusOf(message: string): number {
  return Number(message.split(" ", 2)[1]);
}

function header(message: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)\r$`, "im").exec(message)?.[1];
}
