import { ConfigError } from "../core/errors.ts";
import { type Decision, resolveUnknown, unknownSync } from "../settle/resolve-unknown.ts";
import { withLease } from "./pipeline/leases.ts";
import type { VerbAction } from "./run-verb.ts";

/** `resolve RUN --delivered | --resend | --drop`: a person decides about rows that were sent and never answered. */
export const resolve =
  (runId: string, options: Readonly<Partial<Record<Decision, boolean>>>): VerbAction =>
  async ({ open }) => {
    const chosen = (["delivered", "resend", "drop"] as const).filter((name) => options[name]);
    const [decision] = chosen;
    if (decision === undefined || chosen.length > 1) {
      throw new ConfigError("resolve needs one decision", {
        hint: "Choose --delivered (they arrived), --resend (they did not) or --drop (never send them again).",
      });
    }
    const app = await open();
    const warehouse = await app.warehouse();
    const found = await warehouse.session("read", (session) => unknownSync(session, app.tables, runId), app.signal);
    if (found === null) {
      throw new ConfigError(`run ${runId} has no unanswered rows`, {
        hint: "`millrace status` lists the runs that have.",
      });
    }
    const store = await app.store();
    const rows = await withLease(store, app.clock, `sync:${found}`, 0, app.signal, () =>
      warehouse.session(
        "write",
        (session) => resolveUnknown(session, app.tables, { runId, sync: found, decision }),
        app.signal,
      ),
    );
    await store.resolved(runId, ({ delivered: "delivered", resend: "retry", drop: "rejected" } as const)[decision]);
    const then = {
      delivered: "count as delivered",
      resend: "will be sent by the next run",
      drop: "will not be sent again",
    }[decision];
    app.out.print(`${rows} rows of ${runId} ${then}`);
    app.out.emit({ run_id: runId, sync: found, decision, rows, exit_code: 0 });
    return 0;
  };
