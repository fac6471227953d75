import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { jsonOf, runCli } from "../../e2e/cli.ts";
import { tinyProject } from "../../e2e/project.ts";
import { emulatorMissing } from "../../support/bigquery/emulator.ts";
import { startGoogleSignIn } from "../../support/bigquery/google-sign-in.ts";
import { startPeer } from "../../support/bigquery/peer.ts";
import { cloudDbt, whyNoCloudDbt } from "../../support/cloud/dbt-cloud.ts";

const reason = emulatorMissing() ?? (await whyNoCloudDbt());

describe("a new project on BigQuery", () => {
  it("needs nothing but its variables: check --connect with dbt debug, build, plan, run, nothing to do once more", {
    timeout: 900_000,
  }, async (context) => {
    if (reason !== null) return context.skip(reason);
    const peer = await startPeer();
    onTestFinished(() => peer.stop());
    const { dir: parent } = tinyProject({});
    const google = await startGoogleSignIn(parent);
    onTestFinished(() => google.stop());
    await jsonOf(["init", "shop", "--warehouse", "bigquery"], { cwd: parent });
    const dir = join(parent, "shop");
    const example = readFileSync(join(dir, ".env.example"), "utf8");
    writeFileSync(join(dir, ".env"), example.replace(/^BIGQUERY_PROJECT=.*$/m, "BIGQUERY_PROJECT=test"));
    const env = {
      MILLRACE_DBT: cloudDbt(),
      GOOGLE_APPLICATION_CREDENTIALS: google.file,
      GOOGLE_CLOUD_PROJECT: "test",
      // Google's clients for Node and for Python both read it.
      BIGQUERY_EMULATOR_HOST: peer.shim.url,
    };
    const at = { cwd: dir, env };

    const connected = await jsonOf(["check", "--connect"], at);
    expect(connected.connections).toMatchObject([
      { what: "warehouse", ok: true },
      { what: "dbt", ok: true },
      { what: "account exports", ok: true },
    ]);
    // Node's client and dbt's each sign in for themselves.
    expect(new Set(google.exchanged)).toEqual(new Set(["who-asks"]));
    expect(google.exchanged.length).toBeGreaterThanOrEqual(2);

    const built = await runCli(["build"], at);
    expect(built.code, built.stdout + built.stderr).toBe(0);
    const planned = await jsonOf(["plan"], at);
    expect(planned.plans).toMatchObject([{ sync: "vips-to-file", counts: { added: 2 } }]);
    const ran = await jsonOf(["run", "--no-build"], at);
    expect(ran.runs).toMatchObject([{ sync: "vips-to-file", status: "done", counts: { delivered: 2 } }]);
    expect(readFileSync(join(dir, "exports/vips.csv"), "utf8")).toContain("ann@example.com");
    const again = await jsonOf(["run", "--no-build"], at);
    expect(again.runs).toMatchObject([{ status: "done", counts: { planned: 0 } }]);
  });
});
