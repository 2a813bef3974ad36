/**
 * RFC 3264 8.4, RFC 2543: the far end's description says that it does not listen: `a=sendonly`, `a=inactive`, or the old
 * `c=IN IP4 0.0.0.0`. The audio's own attribute counts before the session's.
 */
export function asksToHold(sdp: string): boolean {
  const lines = sdp.split(/\r\n|\n|\r/);
  const audio = lines.findIndex((line) => line.startsWith("m=audio"));
  if (audio === -1) return false;
  const next = lines.findIndex((line, at) => at > audio && line.startsWith("m="));
  const media = lines.slice(audio, next === -1 ? undefined : next);
  const session = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith("m=")),
  );
  const direction = directionIn(media) ?? directionIn(session) ?? "sendrecv";
  const connection = connectionIn(media) ?? connectionIn(session);
  return direction === "sendonly" || direction === "inactive" || connection === "0.0.0.0";
}

function directionIn(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line)?.[1])
    .find((direction) => direction !== undefined);
}

function connectionIn(lines: readonly string[]): string | undefined {
  return lines.map((line) => /^c=IN IP[46] (\S+)/.exec(line)?.[1]).find((address) => address !== undefined);
}
