"""Keeps one dbt (and one connection to DuckDB, Snowflake or BigQuery) open: start-up costs seconds, a call then a fraction of one.

usage: python dbt_server.py [FILE.duckdb | {"snowflake": {arguments of connect}} | {"bigquery": {project, dataset, endpoint}}]
One JSON document a line on standard input, one on standard output:
{"dbt": [arguments], "env": {…}} → {"ok", "error", "log", "cpu"}; {"sql": [statements]} → {"ok", "error", "rows"} of the last one.
"""

import contextlib
import io
import json
import os
import resource
import sys

import duckdb
from dbt.cli.main import dbtRunner


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def dbt(call):
    kept = {name: os.environ.get(name) for name in call.get("env", {})}
    os.environ.update(call.get("env", {}))
    log = io.StringIO()
    begun = cpu()
    try:
        with contextlib.redirect_stdout(log):
            result = dbtRunner().invoke(call["dbt"])
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    said = [str(result.exception)] if result.exception else []
    for each in getattr(result.result, "results", None) or []:
        if each.status not in ("success", "pass"):
            said.append(f"{each.node.name if hasattr(each, 'node') else each.unique_id}: {each.status}: {each.message}")
    return {"ok": result.success, "error": "\n".join(said) or None, "log": log.getvalue(), "cpu": cpu() - begun}


def sql(ask, call):
    rows = []
    for statement in call["sql"]:
        rows = ask(statement)
    return {"ok": True, "error": None, "rows": rows}


def connected(to):
    """A function that runs one statement and gives its rows, names in lower case."""
    if not to.startswith("{"):
        database = duckdb.connect(to)
        return lambda statement: read(database.execute(statement))
    kind, settings = next(iter(json.loads(to).items()))
    if kind == "snowflake":
        # Only where an environment with the cloud's adapters runs this file.
        import snowflake.connector

        connection = snowflake.connector.connect(**settings)
        return lambda statement: read(connection.cursor().execute(statement))
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    client = bigquery.Client(
        project=settings["project"], credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=settings["endpoint"])
    )
    dataset = f"{settings['project']}.{settings['dataset']}"
    client.create_dataset(dataset, exists_ok=True)

    def ask(statement):
        # A fresh configuration: the library writes into it. Retries would wait minutes for what never comes.
        job = client.query(statement, job_config=bigquery.QueryJobConfig(default_dataset=dataset), job_retry=None)
        return [dict(row.items()) for row in job.result(job_retry=None)]

    return ask


def read(cursor):
    names = [column[0].lower() for column in cursor.description or []]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def serve():
    # what dbt prints must not mix with the answers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    ask = connected(sys.argv[1]) if len(sys.argv) > 1 else None
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = dbt(call) if "dbt" in call else sql(ask, call)
        except Exception as error:  # the caller decides what an error means
            answer = {"ok": False, "error": str(error)}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


# dbt starts processes that import this file again; they must not read its input
if __name__ == "__main__":
    serve()
