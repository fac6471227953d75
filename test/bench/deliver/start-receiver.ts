import { fork } from "node:child_process";

export interface Receiver {
  readonly url: string;
  /** Ends its process. */
  stop(): void;
}

/** `receiver.ts` in a process of its own, so that its work is not counted as the sender's. */
export async function startReceiver(): Promise<Receiver> {
  const child = fork(new URL("./receiver.ts", import.meta.url));
  const port = await new Promise<unknown>((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
  });
  return { url: `http://127.0.0.1:${Number(port)}/`, stop: () => child.disconnect() };
}
