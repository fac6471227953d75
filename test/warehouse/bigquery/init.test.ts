import { describe, expect, it, onTestFinished } from "vitest";
import { expectNewProjectToWork } from "../../contract/new-project.ts";
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
    await expectNewProjectToWork({
      parent,
      warehouse: "bigquery",
      values: { BIGQUERY_PROJECT: "test" },
      env: {
        MILLRACE_DBT: cloudDbt(),
        GOOGLE_APPLICATION_CREDENTIALS: google.file,
        GOOGLE_CLOUD_PROJECT: "test",
        // Google's clients for Node and for Python both read it.
        BIGQUERY_EMULATOR_HOST: peer.shim.url,
      },
      connected: () => {
        // Node's client and dbt's each sign in for themselves.
        expect(new Set(google.exchanged)).toEqual(new Set(["who-asks"]));
        expect(google.exchanged.length).toBeGreaterThanOrEqual(2);
      },
    });
  });
});
