"""Day after day in one process, because starting dbt is most of what a day costs.

Reads JSON lines {"as_of": text, "before": [sql], "after": [sql]} and answers each with one line: {"failed": [text], "rows": [[...]]},
the rows of the `after` queries. Arguments: the DuckDB file, dbt's project folder, the folder of profiles.yml, dbt's target, dbt's
target folder.
"""

import contextlib
import json
import os
import sys

import duckdb
from dbt.cli.main import dbtRunner

database, project, profiles, target, target_path = sys.argv[1:]
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what dbt prints is not an answer
runner = dbtRunner()


def run(statements):
    with contextlib.closing(duckdb.connect(database)) as connection:
        rows = []
        for statement in statements:
            rows.append([list(row) for row in connection.execute(statement).fetchall()])
        return rows


for line in sys.stdin:
    day = json.loads(line)
    run(day["before"])
    os.environ["MILLRACE_AS_OF"] = day["as_of"]
    result = runner.invoke(
        ["build", "--quiet", "--project-dir", project, "--profiles-dir", profiles, "--target", target, "--target-path", target_path]
    )
    failed = [] if result.exception is None else [str(result.exception)]
    for each in result.result or []:
        if str(each.status) in ("error", "fail"):
            failed.append(f"{each.node.name}: {each.message}")
    rows = [] if failed else run(day["after"])
    answers.write(json.dumps({"failed": failed, "rows": rows}, default=str) + "\n")
    answers.flush()
