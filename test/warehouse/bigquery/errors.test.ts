import { describe, expect, it } from "vitest";
import {
  ColumnMissing,
  GrantMissing,
  RelationMissing,
  WarehouseBusy,
  WarehouseFailed,
} from "../../../src/core/errors.ts";
import { isPassing, JobFailed, mapError } from "../../../src/warehouse/bigquery/errors.ts";

const api = (code: number, reason: string, message: string) =>
  Object.assign(new Error(message), { code, errors: [{ reason, message }] });

// The messages are BigQuery's own, as its documentation and its users quote them; none was seen from a real project here.
describe("BigQuery's errors", () => {
  it.each([
    [
      "Access Denied: Project shop-1: User does not have bigquery.jobs.create permission in project shop-1.",
      /lacks bigquery\.jobs\.create on shop-1/,
    ],
    [
      "Access Denied: Table shop-1:analytics.people: User does not have permission to query table shop-1:analytics.people, or perhaps it does not exist.",
      /lacks bigquery\.tables\.getData on shop-1:analytics\.people/,
    ],
    [
      "Access Denied: Dataset shop-1:millrace: Permission bigquery.tables.create denied on dataset shop-1:millrace (or it may not exist).",
      /lacks bigquery\.tables\.create on shop-1:millrace/,
    ],
  ])("name the missing permission: %s", (message, said) => {
    const error = mapError(api(403, "accessDenied", message), "shop-1");
    expect(error).toBeInstanceOf(GrantMissing);
    expect(error.message).toMatch(said);
    expect(error.hint).toMatch(/millrace grants/);
  });

  it("name what is missing", () => {
    const table = mapError(api(404, "notFound", "Not found: Table shop-1:a.people was not found in location EU"), "p");
    expect(table).toBeInstanceOf(RelationMissing);
    expect(table.message).toContain("shop-1:a.people");
    const bare = 'Table "people" must be qualified with a dataset (e.g. dataset.table).';
    expect(mapError(api(400, "invalid", bare), "p")).toBeInstanceOf(RelationMissing);
    for (const message of ["Unrecognized name: mail at [1:8]", "Name mail not found inside f at [1:8]"]) {
      const column = mapError(api(400, "invalidQuery", message), "p");
      expect(column).toBeInstanceOf(ColumnMissing);
      expect(column.message).toContain("mail");
    }
  });

  it("tell quotas, limits and cost clearly", () => {
    const quota = mapError(new JobFailed("quotaExceeded", "Quota exceeded: Your table exceeded quota"), "p");
    expect(quota.message).toMatch(/quota of the project is used up/);
    expect(isPassing(new JobFailed("quotaExceeded", "x"))).toBe(false);
  });

  it.each([400, 500])("say what a statement would read and where to allow it (status %i)", (status) => {
    const cause = api(
      status,
      "bytesBilledLimitExceeded",
      "Query exceeded limit for bytes billed: 163595928. 164626432 or higher required.",
    );
    const bytes = mapError(cause, "p");
    expect(bytes).toBeInstanceOf(WarehouseFailed);
    expect(bytes.message).toContain("164626432 bytes, and 163595928 are allowed");
    expect(bytes.hint).toContain("maximum_bytes_billed: 164626432");
    expect(isPassing(cause)).toBe(false);
  });

  it.each([
    [
      "a killed query",
      new JobFailed("stopped", "Job execution was cancelled: User requested cancellation"),
      /cancelled/,
    ],
    ["a time-out", new JobFailed("timeout", "Job timed out"), /longer than allowed/],
    [
      "an expired token",
      api(401, "authError", "Request had invalid authentication credentials."),
      /refuses the credentials/,
    ],
    ["a revoked login", new Error("invalid_grant: Token has been expired or revoked."), /refuses the credentials/],
    [
      "a session that has ended",
      new JobFailed("invalid", "Session has expired and is no longer available."),
      /Session has expired/,
    ],
    ["no billing", api(403, "billingNotEnabled", "Billing has not been enabled for this project."), /no billing/],
  ])("tell %s, with a hint", (_, cause, said) => {
    const error = mapError(cause, "p");
    expect(error).toBeInstanceOf(WarehouseFailed);
    expect(error.message).toMatch(said);
    expect(error.hint).toMatch(/\w/);
  });

  it.each(["rateLimitExceeded", "backendError", "internalError", "jobBackendError"])("%s may pass", (reason) => {
    expect(isPassing(new JobFailed(reason, "x"))).toBe(true);
    expect(mapError(new JobFailed(reason, "x"), "p")).toBeInstanceOf(WarehouseBusy);
  });

  it("are a busy warehouse where two transactions change one table", () => {
    const message = "Transaction is aborted due to concurrent update against table shop-1:millrace.ledger__a";
    expect(mapError(api(400, "invalidQuery", message), "p")).toBeInstanceOf(WarehouseBusy);
  });

  it.each([
    "Bad int64 value: ann@example.com",
    "Invalid date: 'ann@example.com'",
    'Could not cast literal "ann@example.com" to type DATE at [1:13]',
    "Syntax error: Unexpected string literal 'ann@example.com' at [1:8]",
  ])("never quote a value: %s", (message) => {
    const error = mapError(api(400, "invalidQuery", message), "p", "select cast('ann@example.com' as date)");
    expect(JSON.stringify([error.message, error.hint, error.context, error.cause])).not.toContain("ann@");
  });
});
