import { connect } from "node:net";
import type { Clock } from "../../core/clock.ts";
import { Unavailable } from "../../core/delivery-errors.ts";

/** Opens a connection to the URL's host and closes it: says that somebody listens there, and sends nothing. */
export async function reach(
  url: string,
  o: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const over = new AbortController();
  const socket = connect({ host, port: Number(port) || (protocol === "https:" ? 443 : 80) });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const late = o.clock.sleep(o.timeoutMs, AbortSignal.any([o.signal, over.signal])).then(() => {
    throw new Error("no answer in time");
  });
  try {
    await Promise.race([connected, late]);
  } catch (cause) {
    o.signal.throwIfAborted();
    throw new Unavailable(`${host} cannot be reached`, {
      hint: "Check base_url, the network and whether the receiver runs.",
      cause,
    });
  } finally {
    over.abort();
    late.catch(() => undefined);
    socket.destroy();
  }
}
