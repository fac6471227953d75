import type { CompiledFile } from "../../core/compiled.ts";
import { edgeModel, histogramModel, type MatchPlan, pairModel, rateModel, recordModel, scoreModel } from "./models.ts";
import { propertiesOf } from "./properties.ts";

const folder = "identity/matching";

/** The dbt models that find people without a shared identifier. `from` is the file they were declared in. */
export function compileMatching(plan: MatchPlan, from: string): readonly CompiledFile[] {
  const models: Readonly<Record<string, string>> = {
    identity_match_record: recordModel(plan),
    identity_match_pair: pairModel(plan),
    identity_match_score: scoreModel(plan),
    identity_match_histogram: histogramModel(),
    identity_match_rate: rateModel(plan),
    identity_match_edge: edgeModel(plan),
  };
  return [
    ...Object.entries(models).map(([name, text]) => ({ path: `${folder}/${name}.sql`, from, text })),
    { path: `${folder}/matching.yml`, from, text: propertiesOf(plan) },
  ];
}
