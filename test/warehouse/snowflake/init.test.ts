import { expect, it } from "vitest";
import { expectNewProjectToWork } from "../../contract/new-project.ts";
import { jsonOf } from "../../e2e/cli.ts";
import { tinyProject } from "../../e2e/project.ts";
import { cloudDbt, whyNoCloudDbt } from "../../support/cloud/dbt-cloud.ts";
import { fakesnow, onFakesnow } from "../../support/snowflake/on-fakesnow.ts";

onFakesnow("a new project on Snowflake", async () => {
  const server = fakesnow();
  const why = await whyNoCloudDbt();

  it("needs nothing but its variables: check --connect with dbt debug, build, plan, run, grants", {
    timeout: 900_000,
  }, async (context) => {
    if (why !== null) return context.skip(why);
    const { account, user, privateKey = "", baseUrl = "" } = server().options("shop");
    const at = await expectNewProjectToWork({
      parent: tinyProject({}).dir,
      warehouse: "snowflake",
      values: {
        SNOWFLAKE_ACCOUNT: account,
        SNOWFLAKE_USER: user,
        // On one line, as .env.example says.
        SNOWFLAKE_PRIVATE_KEY: privateKey.trimEnd().replaceAll("\n", "\\n"),
        SNOWFLAKE_DATABASE: "SHOP",
      },
      // The stand-in is not at the account's own address, as a private link is not.
      // biome-ignore lint/suspicious/noTemplateCurlyInString: YAML's.
      uncomment: "base_url: ${SNOWFLAKE_URL}",
      env: { MILLRACE_DBT: cloudDbt(), SNOWFLAKE_URL: baseUrl },
    });
    expect((await jsonOf(["grants"], at)).statements).toContain("grant usage on warehouse MILLRACE to role MILLRACE");
    // Both clients signed in, each with what .env says.
    const logins = (await server().log()).filter(({ login }) => login !== undefined);
    expect(logins.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(logins)).not.toContain("PRIVATE KEY");
  });
});
