import type { ExitCode } from "../../core/exit.ts";
import type { Row, Value } from "../../core/value.ts";
import { targetSync } from "../../deliver/deliver.ts";
import { DryRunEnds, type RecordedRequest } from "../../deliver/http-request.ts";
import type { PlannedChange } from "../../deliver/planned-change.ts";
import type { Batch, TargetCtx } from "../../destinations/connector.ts";
import { maskRow, maskValue } from "../../destinations/pii.ts";
import type { App, PreparedSync } from "../app.ts";

/** Prints the requests that `send` would make, in order, as far as they do not depend on the platform's answers. */
export async function dryRun(
  app: App,
  { sync, account, target, options }: PreparedSync,
  changes: readonly PlannedChange[],
): Promise<ExitCode> {
  const requests: RecordedRequest[] = [];
  const told = targetSync("dry-run", sync, {
    total: changes.length,
    removes: changes.filter((change) => change.op === "remove").length,
    createdAt: app.clock.now(),
  });
  const { batch: size } = target.shape(options, told);
  const ctx: TargetCtx<unknown, unknown> = {
    ...account.ctx({ signal: app.signal, record: (request) => requests.push(request) }),
    options,
    sync: told,
    state: null,
    checkpoint: async () => undefined,
  };
  const described: string[] = [];
  let whole = true;
  try {
    const state = (await target.prepare?.(ctx)) ?? null;
    for (let at = 0; at < changes.length; at += size.maxRows) {
      const rows = changes.slice(at, at + size.maxRows);
      const batch: Batch = {
        id: "dry-run",
        fromSeq: at + 1,
        toSeq: at + rows.length,
        changes: app.showValues ? rows : rows.map(masked),
        writes: sync.mode === "update" ? "update" : "upsert",
        attempt: 1,
        idempotencyKey: "dry-run",
      };
      if (target.describe !== undefined) described.push(...(await target.describe(batch, { ...ctx, state })));
      else await target.send(batch, { ...ctx, state });
    }
  } catch (error) {
    if (!(error instanceof DryRunEnds)) throw error;
    whole = false;
  }
  for (const { method, url, headers, body } of requests) {
    app.out.print(`${method} ${url}`);
    for (const [name, value] of Object.entries(headers)) app.out.print(`  ${name}: ${value}`);
    if (body !== null) app.out.print(`  ${body}`);
  }
  for (const line of described) app.out.print(line);
  if (!whole) app.out.print("… what follows depends on the platform's answers");
  app.out.emit({ dry_run: true, complete: whole, requests, described });
  return 0;
}

const masked = (change: PlannedChange): PlannedChange => ({
  ...change,
  key: String(maskValue(change.key) as Value),
  match: maskRow(change.match as Row),
  fields: maskRow(change.fields as Row),
});
