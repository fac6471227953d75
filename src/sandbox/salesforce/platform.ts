import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createBulkJobs } from "./bulk.ts";
import { createMany, deleteMany, updateMany, upsertMany } from "./collections.ts";
import type { SalesforceConfig } from "./config.ts";
import { describe } from "./describe.ts";
import { breach, fault, notFound } from "./errors.ts";
import { asText, createOrg } from "./org.ts";
import { createQueries } from "./query.ts";
import { createSignIn } from "./sign-in.ts";
import {
  createOne,
  deleteByExternalId,
  deleteById,
  readByExternalId,
  readById,
  updateById,
  upsertOne,
} from "./single-rows.ts";
import { createUsage } from "./usage.ts";

const MIN_VERSION = 60;
// https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.html: 414 beyond 16,384 bytes.
const MAX_URI_BYTES = 16_384;
const SHOWN_ROWS = 20;

const snapshotSchema = z.object({ tables: z.unknown(), bulk: z.unknown() });

/** The Salesforce stand-in: sign-in, sObject rows and collections, SOQL, describe, limits, Bulk API 2.0 ingest. */
export function createSalesforce(config: SalesforceConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const org = createOrg(config, clock, misbehaviour);
  const signIn = createSignIn(org);
  const usage = createUsage(org);
  const queries = createQueries(org);
  const bulk = createBulkJobs(org);

  /** Session, version, length and allowance, in that order; then the resource. */
  const data =
    (handle: (call: Call) => Answer) =>
    (call: Call): Answer => {
      const refused = signIn.guard(call) ?? versionFault(call) ?? uriFault(call) ?? usage.spend();
      const answer = refused ?? handle(call);
      return { ...answer, headers: { ...answer.headers, ...usage.header() } };
    };
  const route = (method: Route["method"], path: string, handle: (call: Call) => Answer): Route => ({
    method,
    path: `/services/data/:version${path}`,
    handle: data(handle),
  });
  const remaining = () => ({ Max: config.daily_requests, Remaining: config.daily_requests - usage.used() });

  const state = () => ({
    objects: Object.fromEntries(org.tables.all().map(({ object, rows }) => [object, Object.fromEntries(rows)])),
    deleted: Object.fromEntries(org.tables.all().map(({ object, deleted }) => [object, [...deleted]])),
    jobs: bulk.jobs(),
    api_usage: usage.used(),
  });

  return {
    name: "salesforce",
    title: "Salesforce",
    routes: [
      { method: "POST", path: "/services/oauth2/token", signIn: true, handle: signIn.token },
      {
        method: "GET",
        path: "/services/oauth2/userinfo",
        handle: (call) => signIn.guard(call) ?? signIn.userInfo(call),
      },
      {
        method: "GET",
        path: "/services/data",
        handle: () => json(200, [{ label: "Summer '25", url: "/services/data/v64.0", version: "64.0" }]),
      },
      route("GET", "/limits", () => json(200, { DailyApiRequests: remaining() })),
      route("GET", "/query", queries.query),
      route("GET", "/query/:locator", queries.more),
      route("GET", "/sobjects/:object/describe", (call) => describe(org, call)),
      route("POST", "/sobjects/:object", (call) => createOne(org, call)),
      route("GET", "/sobjects/:object/:id", (call) => readById(org, call)),
      route("PATCH", "/sobjects/:object/:id", (call) => updateById(org, call)),
      route("DELETE", "/sobjects/:object/:id", (call) => deleteById(org, call)),
      route("GET", "/sobjects/:object/:field/:value", (call) => readByExternalId(org, call)),
      route("PATCH", "/sobjects/:object/:field/:value", (call) => upsertOne(org, call)),
      route("DELETE", "/sobjects/:object/:field/:value", (call) => deleteByExternalId(org, call)),
      route("POST", "/composite/sobjects", (call) => createMany(org, call)),
      route("PATCH", "/composite/sobjects", (call) => updateMany(org, call)),
      route("DELETE", "/composite/sobjects", (call) => deleteMany(org, call)),
      route("PATCH", "/composite/sobjects/:object/:field", (call) => upsertMany(org, call)),
      route("POST", "/jobs/ingest", bulk.create),
      route("GET", "/jobs/ingest", bulk.list),
      route("GET", "/jobs/ingest/:job", bulk.info),
      route("PATCH", "/jobs/ingest/:job", bulk.change),
      route("DELETE", "/jobs/ingest/:job", bulk.remove),
      route("PUT", "/jobs/ingest/:job/batches", bulk.upload),
      route("GET", "/jobs/ingest/:job/:what(^successfulResults|failedResults|unprocessedrecords$)", bulk.results),
      { method: "ANY", path: "/*", handle: () => violated(notFound(), "the sandbox knows no such resource") },
    ],
    refuse: (status) =>
      fault(
        status,
        status === 401 ? "INVALID_SESSION_ID" : status < 500 ? "REQUEST_LIMIT_EXCEEDED" : "SERVER_UNAVAILABLE",
        `answered ${status} as told`,
      ),
    expireTokens() {
      signIn.expireAll();
      return undefined;
    },
    state,
    snapshot: () => ({ tables: org.tables.snapshot(), bulk: bulk.snapshot() }),
    restore(snapshot) {
      const saved = snapshotSchema.parse(snapshot);
      org.tables.restore(saved.tables);
      bulk.restore(saved.bulk);
    },
    reset() {
      org.tables.reset();
      bulk.reset();
      usage.reset();
    },
    page: () => ({
      summary: `${
        org.tables
          .all()
          .map(({ object, rows }) => `${rows.size} ${object}`)
          .join(", ") || "no records"
      }; ${bulk.jobs().length} bulk jobs; ${usage.used()} of ${config.daily_requests} requests used today`,
      tables: org.tables.all().map(({ object, rows }) => {
        const shown = [...rows.values()].slice(-SHOWN_ROWS).reverse();
        const columns = [...new Set(shown.flatMap((row) => Object.keys(row)))].filter(
          (name) => !["IsDeleted", "CreatedDate", "SystemModstamp"].includes(name),
        );
        const note = `${rows.size} records${rows.size > shown.length ? `, the last ${shown.length} shown` : ""}`;
        return { title: object, note, columns, rows: shown.map((row) => columns.map((name) => asText(row[name]))) };
      }),
    }),
  };
}

function versionFault(call: Call): Answer | undefined {
  const version = /^v(\d+)\.0$/.exec(call.params.version ?? "")?.[1];
  if (version !== undefined && Number(version) >= MIN_VERSION) return undefined;
  return breach(404, "NOT_FOUND", `the sandbox speaks v${MIN_VERSION}.0 and later`);
}

function uriFault(call: Call): Answer | undefined {
  if (call.uriBytes <= MAX_URI_BYTES) return undefined;
  return breach(414, "URI_TOO_LONG", `the URI is longer than ${MAX_URI_BYTES} bytes`);
}
