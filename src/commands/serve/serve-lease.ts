import { LeaseHeld } from "../../core/errors.ts";
import type { App } from "../app.ts";
import type { ServeLog } from "./serve-log.ts";

export const serveResource = "serve";

const lookEveryMs = 500;

/**
 * Two servers on one store would both run every tick. A holder that renews its lease is alive: LeaseHeld names it. One that
 * does not has died on another machine, or before this one restarted: its time runs out within 30 seconds.
 */
export async function awaitDeadServer(app: App, log: ServeLog): Promise<void> {
  const store = await app.store();
  const first = await store.holder(serveResource);
  if (first === null) return;
  log({ event: "waiting", for: first.owner });
  for (;;) {
    await app.clock.sleep(lookEveryMs, app.signal);
    const holder = await store.holder(serveResource);
    if (holder === null) return;
    if (holder.owner === first.owner && holder.expiresAt.getTime() === first.expiresAt.getTime()) continue;
    throw new LeaseHeld(`the schedules of this project are served already, by ${holder.owner}`, {
      hint: "One server is enough: stop that one first, or leave this one.",
    });
  }
}
