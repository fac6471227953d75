import { sameAnswersAsDuckDb } from "../../contract/same-answers.ts";
import { labsOnPostgres } from "../../support/postgres-lab.ts";

sameAnswersAsDuckDb({ name: "Postgres", labs: labsOnPostgres });
