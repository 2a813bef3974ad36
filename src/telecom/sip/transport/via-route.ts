import { paramValue, withParam } from "../message/grammar.ts";
import { formatVia, type Via, vias } from "../message/headers.ts";
import type { Flow, SipMessage, SipResponse } from "../message/message.ts";
import { sameAddress } from "./addresses.ts";
import { isWebSocket, usualPort } from "./transports.ts";

/** Notes in a request's top Via where it really came from, RFC 3261 18.2.1 and RFC 3581 4. Responses stay as they are. */
export function withSource<M extends SipMessage>(message: M, flow: Flow): M {
  if (message.type === "response") return message;
  const lines = vias(message);
  const via = lines?.[0];
  if (via === undefined) return message;
  const wantsPort = paramValue(via.params, "rport") !== undefined;
  // RFC 3581 4: with rport, received is added even where it says what sent-by says.
  const wantsAddress = wantsPort || !sameAddress(via.host, flow.remoteAddress);
  if (!wantsAddress && !wantsPort) return message;
  const addressed = wantsAddress ? withParam(via.params, "received", flow.remoteAddress) : via.params;
  const params = wantsPort ? withParam(addressed, "rport", String(flow.remotePort)) : addressed;
  return withTopVia(message, { ...via, params });
}

/** Replaces the first value of the first Via line; values after it, in that line or others, stay. */
function withTopVia<M extends SipMessage>(message: M, via: Via): M {
  const at = message.headers.findIndex(({ name }) => name === "Via");
  const others = vias({ ...message, headers: message.headers.slice(at, at + 1) })?.slice(1) ?? [];
  const values = [via, ...others].map((value) => ({ name: "Via", value: formatVia(value) }));
  return { ...message, headers: message.headers.toSpliced(at, 1, ...values) };
}

/**
 * Where a response goes, RFC 3261 18.2.2 and RFC 3581 4. The address is always the one the request came from, whatever
 * sent-by, maddr or received of the response say: a Via can choose a port, never another host.
 */
export function responseFlow(flow: Flow, response: SipResponse): Flow {
  if (isWebSocket(flow)) return flow;
  const via = vias(response)?.[0];
  // A request whose Via could not be read is answered where it came from.
  if (via === undefined) return flow;
  const rport = paramValue(via.params, "rport");
  if (rport !== undefined && flow.transport === "udp") return flow;
  return { ...flow, remotePort: via.port ?? usualPort[flow.transport] };
}
