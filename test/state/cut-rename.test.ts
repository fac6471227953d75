import { renamesAfterAKill, statementsOfARename } from "../contract/cut-rename.ts";

renamesAfterAKill(Array.from({ length: statementsOfARename + 1 }, (_, n) => n));
