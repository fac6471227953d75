import type { LogEntry } from "../../../src/sandbox/core/request-log.ts";
import type { Lab } from "./lab.ts";
import type { Holding, Person } from "./scenarios.ts";
import { inWarehouse } from "./warehouse-file.ts";

/** What the warehouse says. */
export interface Books {
  readonly audience: Holding;
  /** `key` → state; keys that stand there twice are told in `twice`. */
  readonly ledger: ReadonlyMap<string, string>;
  readonly twice: readonly string[];
  readonly runs: readonly Readonly<Record<string, string | number | null>>[];
  readonly results: readonly { run_id: string; seq: number; key: string; status: string }[];
}

export async function readBooks(lab: Lab): Promise<Books> {
  return inWarehouse(lab.warehouseFile, "READ_ONLY", async (query) => {
    const people = (await query(
      "select cast(id as varchar) as id, email, name, tier from people",
    )) as unknown as (Person & {
      id: string;
    })[];
    const tables = (await query("select table_name from information_schema.tables")).map((row) => row.table_name);
    const rows = async (table: string, sql: string) => (tables.includes(table) ? await query(sql) : []);
    const ledger = (await rows("ledger__people", "select key, state from millrace.ledger__people")) as {
      key: string;
      state: string;
    }[];
    const keys = ledger.filter(({ state }) => state !== "removed").map(({ key }) => key);
    return {
      audience: new Map(
        people.map((p) => [
          lab.scenario.calledBy === "id" ? p.id : p.email,
          { email: p.email, name: p.name, tier: p.tier },
        ]),
      ),
      ledger: new Map(ledger.map(({ key, state }) => [key, state])),
      twice: keys.filter((key, i) => keys.indexOf(key) !== i),
      runs: (await rows(
        "runs",
        `select run_id, status, cast(planned as int) as planned, cast(delivered as int) as delivered, cast(accepted as int) as accepted,
          cast(rejected as int) as rejected, cast(retry as int) as retry, cast("unknown" as int) as "unknown" from millrace.runs`,
      )) as Books["runs"],
      results: (await rows(
        "results",
        "select run_id, cast(seq as int) as seq, key, status from millrace.results order by run_id, seq",
      )) as unknown as Books["results"],
    };
  });
}

/** Everything that does not hold, in words; nothing is under way when it is asked. */
export async function faultsOf(lab: Lab): Promise<string[]> {
  const books = await readBooks(lab);
  const log = lab.sandbox.log();
  const destination = lab.scenario.holding(await lab.sandbox.state(), lab.dir);
  return [
    ...bookFaults(lab, books),
    ...log.flatMap((entry) =>
      entry.contract_violation === undefined ? [] : [`request ${entry.seq}: ${entry.contract_violation}`],
    ),
    ...(lab.scenario.once ? onceFaults(books, log) : mirrorFaults(books, destination ?? new Map())),
  ];
}

const statuses = ["delivered", "accepted", "rejected", "retry", "unknown"] as const;

/** Counts add up, every planned row has one result, and nothing is left over. */
function bookFaults(lab: Lab, books: Books): string[] {
  const store = lab.store();
  const faults = books.twice.map((key) => `the ledger holds ${key} twice`);
  for (const run of store.runs) {
    if (run.status === "running") faults.push(`run ${run.id} is unfinished at ${run.stage}`);
    const row = books.runs.find(({ run_id }) => run_id === run.id);
    const ended = run.status === "done" || (run.status === "failed" && run.counts !== null);
    if (!ended) continue;
    if (row === undefined) {
      faults.push(`millrace.runs lacks ${run.id}`);
      continue;
    }
    const own = books.results.filter(({ run_id }) => run_id === run.id);
    if (!own.every(({ seq }, i) => seq === i + 1)) faults.push(`results of ${run.id} are not 1..n, each once`);
    if (own.length !== Number(row.planned)) faults.push(`${run.id}: ${row.planned} planned, ${own.length} results`);
    for (const status of statuses) {
      const count = own.filter((result) => result.status === status).length;
      if (count !== Number(row[status])) faults.push(`${run.id}: runs has ${row[status]} ${status}, results ${count}`);
      if (run.counts?.[status] !== count)
        faults.push(`${run.id}: the store has ${run.counts?.[status]} ${status}, results ${count}`);
    }
  }
  for (const { run_id } of books.runs) {
    const run = store.runs.find(({ id }) => id === run_id);
    if (run === undefined || run.status === "abandoned") faults.push(`millrace.runs has ${run_id}, which left nothing`);
  }
  for (const id of new Set(books.results.map(({ run_id }) => run_id))) {
    if (!books.runs.some(({ run_id }) => run_id === id)) faults.push(`results of ${id} without its run`);
  }
  if (store.unsettled > 0) faults.push(`${store.unsettled} batches' results are left in the store`);
  const open = store.batches.filter(({ state }) => state !== "settled");
  if (open.length > 0) faults.push(`${open.length} batches are not settled`);
  return faults;
}

function mirrorFaults(books: Books, destination: Holding): string[] {
  const faults = differences("the destination", books.audience, destination);
  const present = [...books.ledger].filter(([, state]) => state === "present").length;
  if (present !== books.audience.size)
    faults.push(`the ledger has ${present} present, the audience ${books.audience.size}`);
  const others = [...books.ledger].filter(([, state]) => state !== "present" && state !== "removed");
  if (others.length > 0) faults.push(`${others.length} ledger rows are ${others[0]?.[1]}`);
  return faults;
}

function differences(what: string, wanted: Holding, found: Holding): string[] {
  const faults: string[] = [];
  for (const [key, person] of wanted) {
    const there = found.get(key);
    if (there === undefined) faults.push(`${what} lacks ${key}`);
    else if (JSON.stringify(sorted(there)) !== JSON.stringify(sorted(person))) {
      faults.push(`${what} has ${key} as ${JSON.stringify(there)}, not ${JSON.stringify(person)}`);
    }
  }
  for (const key of found.keys()) if (!wanted.has(key)) faults.push(`${what} still has ${key}`);
  return faults.length > 8 ? [...faults.slice(0, 8), `and ${faults.length - 8} more`] : faults;
}

const sorted = ({ email, name, tier }: Person) => [email, name, tier];

/** key → how often it reached the receiver. */
export function timesApplied(log: readonly LogEntry[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const entry of log) {
    if (!entry.applied) continue;
    for (const key of entry.rows.add ?? []) times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

/** No row reached the receiver twice; what counts as delivered did; what nobody knows waits, and nothing was forgotten. */
function onceFaults(books: Books, log: readonly LogEntry[]): string[] {
  const times = timesApplied(log);
  const faults = [...times].filter(([, n]) => n > 1).map(([key, n]) => `${key} reached the receiver ${n} times`);
  const decided = new Set(books.results.filter(({ status }) => status === "rejected").map(({ key }) => key));
  for (const [key, state] of books.ledger) {
    if (state === "present" && (times.get(key) ?? 0) === 0 && !decided.has(key))
      faults.push(`${key} counts as delivered, and never arrived`);
  }
  for (const key of books.audience.keys()) if (!books.ledger.has(key)) faults.push(`${key} is not in the ledger`);
  const unknown = [...books.ledger].filter(([, state]) => state === "unknown").length;
  const told = books.results.filter(({ status }) => status === "unknown").length;
  if (unknown !== told) faults.push(`${unknown} rows of the ledger are unknown, and ${told} results`);
  return faults;
}

/** Within the requests of one run no removal may come after anybody was given. */
export function orderFaults(lab: Lab, sinceSeq: number): string[] {
  const log = lab.sandbox.log().filter(({ seq }) => seq > sinceSeq);
  const effects = log.map((entry) => lab.scenario.effect(entry));
  const firstWrite = effects.indexOf("write");
  const lastRemoval = effects.lastIndexOf("remove");
  return firstWrite >= 0 && lastRemoval > firstWrite
    ? [`a removal (request ${log[lastRemoval]?.seq}) came after a write`]
    : [];
}

/** Jobs on record may not be made again: id of the job → when it was seen. */
export function jobFaults(lab: Lab, recorded: ReadonlySet<string>): string[] {
  const log = lab.sandbox.log();
  const faults: string[] = [];
  // Klaviyo makes and fills a job in one request, whose body is the batch's.
  for (const entry of log) {
    const made = entry.platform === "klaviyo" ? entry.rows["job created"]?.[0] : undefined;
    if (made === undefined || !recorded.has(made)) continue;
    const again = log.find(
      (other) => other.seq > entry.seq && other.sha256 === entry.sha256 && other.method === "POST",
    );
    if (again !== undefined) faults.push(`job ${made} was on record and was made again by request ${again.seq}`);
  }
  // Salesforce makes, fills and starts it in three: of one file at most one job may have been started.
  const files = new Map<string, string>();
  for (const entry of log) {
    const filled = entry.rows["job filled"]?.[0];
    if (filled !== undefined) files.set(filled, entry.sha256);
  }
  const started = new Map<string, string[]>();
  for (const entry of log) {
    const job = /^job (\S+) runs$/.exec(entry.note ?? "")?.[1];
    const file = job === undefined ? undefined : files.get(job);
    if (job !== undefined && file !== undefined) started.set(file, [...(started.get(file) ?? []), job]);
  }
  for (const jobs of started.values())
    if (jobs.length > 1) faults.push(`one batch was run by the jobs ${jobs.join(", ")}`);
  return faults;
}
