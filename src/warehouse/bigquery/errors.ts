import {
  ColumnMissing,
  GrantMissing,
  MillraceError,
  RelationMissing,
  WarehouseBusy,
  WarehouseFailed,
} from "../../core/errors.ts";

interface Fault {
  /** BigQuery's word for it, HTTP's number, or Node's own (ECONNRESET). https://cloud.google.com/bigquery/docs/error-messages */
  readonly reason: string;
  readonly status: number;
  readonly message: string;
}

/** An error of a job, as its status has it; thrown inside this folder only. */
export class JobFailed extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

function read(cause: unknown): Fault {
  if (cause instanceof JobFailed) return { reason: cause.reason, status: 0, message: cause.message };
  const of = (name: string): unknown => (cause instanceof Error ? Reflect.get(cause, name) : undefined);
  const [code, errors] = [of("code"), of("errors")];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const reason = typeof first === "object" && first !== null ? String(Reflect.get(first, "reason") ?? "") : "";
  const network = typeof code === "string" && !/^\d+$/.test(code) ? code : String(of("errno") ?? "");
  return {
    reason: reason === "" ? network : reason,
    status: Number(code) || Number(of("status")) || 0,
    message: cause instanceof Error ? cause.message : String(cause),
  };
}

/** What another try may get past. https://cloud.google.com/bigquery/docs/error-messages#errortable */
const PASSING = new Set([
  "rateLimitExceeded",
  "jobRateLimitExceeded",
  "backendError",
  "jobBackendError",
  "internalError",
  "jobInternalError",
  "tableUnavailable",
  "userRateLimitExceeded",
]);
const PASSING_STATUS = new Set([429, 500, 502, 503, 504]);
const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_STREAM_PREMATURE)/;
const CUT = /socket hang up|premature close|network timeout|connection .*closed/i;

export function isCut(cause: unknown): boolean {
  const { reason, message, status } = read(cause);
  return status === 0 && (NETWORK.test(reason) || CUT.test(message));
}

export function isPassing(cause: unknown): boolean {
  if (cause instanceof MillraceError) return false;
  const { reason, status } = read(cause);
  // `bytesBilledLimitExceeded` has been seen with status 500: what a reason says counts more than the number.
  return PASSING.has(reason) || (PASSING_STATUS.has(status) && !FINAL.has(reason)) || isCut(cause);
}

/** The token was refused: it may have ended early. */
export const isUnauthorized = (cause: unknown): boolean => read(cause).status === 401;
/** The job is there already: an earlier try of the same request arrived. */
export const isDuplicate = (cause: unknown): boolean => read(cause).status === 409;
export const isMissing = (cause: unknown): boolean => read(cause).status === 404;
export const isIncomplete = (cause: unknown): boolean => read(cause).status === 308;

const RELATION: readonly RegExp[] = [
  /Not found: (?:Table|Dataset|View|Model) ([^\s,]+)/i,
  /Table (?:not found: |")([^\s"]+)"? (?:must be qualified with a dataset|was not found)/i,
  /Table not found: ([^\s;[]+)/i,
  /Table "([^"]+)" must be qualified/i,
];
const COLUMN: readonly RegExp[] = [
  /Unrecognized name: (`[^`]+`|[^\s;[]+)/i,
  /Name (`[^`]+`|\S+) not found inside/i,
  /Column (`[^`]+`|\S+) is not present in/i,
  /Field name (`[^`]+`|\S+) does not exist/i,
  /No such field: ([^\s.]+)/i,
];
const firstOf = (patterns: readonly RegExp[], message: string): string | undefined => {
  for (const pattern of patterns) {
    const found = pattern.exec(message)?.[1];
    if (found !== undefined) return found.replaceAll("`", "");
  }
  return undefined;
};

/** The permission that a refusal names, or the one that its sentence means. */
function permissionOf(message: string): string {
  const named = /\bbigquery\.[a-zA-Z]+\.[a-zA-Z]+\b/.exec(message)?.[0];
  if (named !== undefined) return named;
  if (/permission to query table|read.*table/i.test(message)) return "bigquery.tables.getData";
  if (/dataset/i.test(message) && /create/i.test(message)) return "bigquery.tables.create";
  if (/run (jobs|queries)|create.*job/i.test(message)) return "bigquery.jobs.create";
  return "access";
}
const resourceOf = (message: string): string | undefined =>
  /Access Denied: (?:Table|Dataset|Project|View|Job) ([\w.:-]+)/i.exec(message)?.[1]?.replace(/[:.]$/, "");

const BYTES_LIMIT = "a statement would read more than `maximum_bytes_billed` allows";

/** Sentence and hint by BigQuery's reason. Its own sentences about data quote the data. */
const KNOWN: Readonly<Record<string, readonly [sentence: string, hint: string]>> = {
  quotaExceeded: [
    "a quota of the project is used up",
    "See IAM & Admin › Quotas for the one; daily quotas are free again at midnight Pacific time. Then run it again.",
  ],
  billingNotEnabled: ["the project has no billing", "Switch billing on: without it BigQuery takes no DML."],
  billingTierLimitExceeded: ["the statement is too expensive for its tier", "Simplify the model."],
  resourcesExceeded: [
    "the statement needs more memory than one of BigQuery's workers has",
    "Build the model as a table instead of a view, or map fewer fields in one sync.",
  ],
  responseTooLarge: ["the answer is too large", "This is a defect; please report it."],
  stopped: [
    "the job was cancelled",
    "Somebody cancelled it: run it again, or `millrace resume` goes on from what was recorded.",
  ],
  timeout: ["the statement took longer than allowed", "Raise `statement_timeout` in `warehouse:`."],
  accountDisabled: ["the project is switched off", "Ask whoever owns the project."],
};

/** No other try gets past these, whatever number they come with. */
const FINAL = new Set([...Object.keys(KNOWN), "bytesBilledLimitExceeded"]);

/** Sentences about names and grammar; all others may quote data, and only their place in the statement is told. */
const SAYABLE =
  /^(Syntax error|Function not found|No matching signature|Table name|Duplicate column|Query without|SELECT list|WHERE clause|Aggregate|Column|Type not found|Unsupported|LEFT OUTER JOIN|Correlated|Cannot|Expected|Ambiguous|Unrecognized|Script|Statement|Transaction|Session|Resources|Query)/;
const namesOnly = (message: string): string => {
  const place = /\[(?:at )?\d+:\d+\]/.exec(message)?.[0];
  if (!SAYABLE.test(message)) return place === undefined ? "a statement is refused" : `a statement is refused ${place}`;
  return message.replace(/'[\s\S]*'|"[\s\S]*"|['"][\s\S]*$/g, "…").slice(0, 300);
};
/** Literals are the only values a statement's text can hold. */
const withoutLiterals = (statement: string): string => statement.replace(/'(?:[^'\\]|\\.)*'/g, "'…'").slice(0, 600);

/** "Query exceeded limit for bytes billed: 163595928. 164626432 or higher required." */
function tooManyBytes(where: string, message: string, context: Record<string, string | number>): WarehouseFailed {
  const [, limit, needed] = /bytes billed: (\d+)\. (\d+) or higher/.exec(message) ?? [];
  const told = needed === undefined ? "" : `: ${needed} bytes, and ${limit} are allowed`;
  return new WarehouseFailed(`${where}: ${BYTES_LIMIT}${told}. It read nothing and costs nothing.`, {
    hint: `Set \`maximum_bytes_billed: ${needed ?? "…"}\` or more in \`warehouse:\`; or let it read less: map fewer columns, or partition and cluster the model. \`millrace plan\` shows what a plan reads.`,
    context: { ...context, ...(needed === undefined ? {} : { needed: Number(needed) }) },
  });
}

/** What the client threw, in our words and without the data it quotes. The original is not kept as cause, because it holds values. */
export function mapError(cause: unknown, place: string, statement?: string): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const { reason, status, message } = read(cause);
  const context = {
    ...(reason === "" ? {} : { reason }),
    ...(status === 0 ? {} : { status }),
    ...(statement === undefined ? {} : { statement: withoutLiterals(statement) }),
  };
  const where = `BigQuery in ${place}`;
  if (reason === "accessDenied" || (status === 403 && reason === "forbidden") || /^Access Denied/i.test(message)) {
    const [permission, resource] = [permissionOf(message), resourceOf(message)];
    return new GrantMissing(
      `${where}: this account lacks ${permission}${resource === undefined ? "" : ` on ${resource}`}.`,
      {
        hint: "`millrace grants` prints what it needs: BigQuery Job User on the project, Data Viewer on the models, Data Editor on Millrace's own dataset. A dbt run that rebuilds a table drops grants made on the table.",
        context: { ...context, permission, ...(resource === undefined ? {} : { resource }) },
      },
    );
  }
  const column = firstOf(COLUMN, message);
  if (column !== undefined) {
    const name = column.split(".").at(-1) ?? column;
    return new ColumnMissing(`The warehouse has no column ${name} where it was asked for.`, {
      hint: "Select it in the model, or correct its name in the sync.",
      context: { column: name },
    });
  }
  const relation = firstOf(RELATION, message);
  if (
    relation !== undefined &&
    (reason === "notFound" || reason.startsWith("invalid") || status === 404 || status === 400)
  ) {
    return new RelationMissing(`The warehouse has no relation ${relation}.`, {
      hint: "Build it (millrace build), or correct the name, the dataset and `location`.",
      context: { relation },
    });
  }
  if (/due to concurrent update|Transaction is aborted|concurrent.*transaction/i.test(message)) {
    return new WarehouseBusy(`${where}: another program changed the same table at the same time.`, {
      hint: "Nothing of the transaction was kept. Run it again; `millrace resume` goes on from what was recorded.",
      context,
    });
  }
  if (reason === "bytesBilledLimitExceeded") return tooManyBytes(where, message, context);
  const known = Object.hasOwn(KNOWN, reason) ? KNOWN[reason] : undefined;
  if (known !== undefined)
    return new WarehouseFailed(`${where}: ${known[0]} (${reason}).`, { hint: known[1], context });
  if (status === 401 || /invalid_grant|default credentials|invalid_client/i.test(message)) {
    return new WarehouseFailed(`${where} refuses the credentials.`, {
      hint: "Check `credentials` in `warehouse:`; without them: `gcloud auth application-default login`, or GOOGLE_APPLICATION_CREDENTIALS. A key may have been deleted or have expired.",
      context,
    });
  }
  if (isPassing(cause)) {
    const said = reason === "" ? `status ${status}` : reason;
    return new WarehouseBusy(
      `${where} ${isCut(cause) ? "cannot be reached" : "could not do it now"} (${said}), also after several tries.`,
      {
        hint: "Run it again later; `millrace resume` goes on from what was recorded.",
        context,
      },
    );
  }
  const sentence = reason.startsWith("invalid") || status === 400 ? `${namesOnly(message)} ` : "";
  return new WarehouseFailed(`${where}: ${sentence}(${reason === "" ? `status ${status}` : reason}).`, {
    hint: "See the statement in the error's context; run it in the console to look closer.",
    context,
  });
}
