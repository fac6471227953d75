"""fakesnow for tests: a server that speaks Snowflake's protocol over DuckDB, brought nearer to Snowflake where a test would
otherwise pass that Snowflake would fail, and able to misbehave.

usage: python fakesnow_server.py       prints its port; ends when its standard input does, so with the test that started it

What fakesnow 0.12 lacks and this adds:
- answers as JSON rows for the Node driver, which does not understand fakesnow's Arrow; large ones as chunks to be fetched
- DDL commits the transaction under way, ROW_NUMBER needs ORDER BY, reserved words are no aliases: all as Snowflake has it
- abort requests and closed connections stop the statement
- ALTER SESSION SET, the user's stage @~, COPY with '' apart from NULL and with $1 expressions, GET, OCTET_LENGTH, TME
- HASH with a sign
- Snowflake's error codes and sentences in place of DuckDB's
- key-pair and OAuth logins are checked when MILLRACE_FAKESNOW_LOGIN says how
- INSERT of many literal rows as it is, after INSERT OVERWRITE's delete; qualified temporary tables and views as ordinary ones;
  in MERGE's INSERT columns without the source's name
- POST /test/fault, /test/end-sessions, /test/suspend: faults on demand; GET /test/log: what was asked
- session tokens are renewed by the master token, which may have expired as well
"""

import asyncio
import base64
import datetime as dt
import gzip
import importlib
import json
import logging
import os
import re
import socket
import sys
import threading
import time
import uuid
import warnings
from contextlib import suppress
from decimal import Decimal
from string import Template
from urllib.parse import parse_qs, unquote

import duckdb
import jwt
import pyarrow as pa
import snowflake.connector.errors
import sqlglot
import uvicorn
from fakesnow import transforms
from fakesnow.transforms import stage
from sqlglot import exp

# The package's own names hide these modules.
copy_into, cursor, info_schema, server, transforming = (
    importlib.import_module(f"fakesnow.{name}") for name in ("copy_into", "cursor", "info_schema", "server", "transforms.transforms")
)

CHUNK_ROWS = 20_000
EPOCH = dt.date(1970, 1, 1)
USER_STAGE = "MILLRACE_TEST_USER_STAGE"
# https://docs.snowflake.com/en/sql-reference/reserved-keywords
RESERVED = set(
    """ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS CURRENT
    DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM FULL GRANT GROUP GSCLUSTER HAVING ILIKE IN INCREMENT
    INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT LIKE LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR
    ORDER ORGANIZATION QUALIFY REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SCHEMA SELECT SET SOME START TABLE TABLESAMPLE THEN
    TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHENEVER WHERE WITH""".split()
)

login_rules = json.loads(os.environ.get("MILLRACE_FAKESNOW_LOGIN", "{}"))
running: dict[str, object] = {}
chunks: dict[str, bytes] = {}
results: dict[str, bytes] = {}
faults: list[dict] = []
# Of every virtual warehouse: a test has one.
suspended = False
# A statement that matches finds it suspended.
suspend_at: str | None = None
log: list[dict] = []


def problem(errno: int, sqlstate: str, message: str) -> snowflake.connector.errors.ProgrammingError:
    return snowflake.connector.errors.ProgrammingError(msg=message, errno=errno, sqlstate=sqlstate)


# ---- what Snowflake refuses and DuckDB takes


def refuse(expression: exp.Expression) -> None:
    for window in expression.find_all(exp.Window):
        if isinstance(window.this, exp.RowNumber) and not window.args.get("order"):
            raise problem(2303, "42601", "SQL compilation error: Window function type [ROW_NUMBER] requires ORDER BY in window specification")
    for alias in expression.find_all(exp.Alias):
        name = alias.args.get("alias")
        if isinstance(name, exp.Identifier) and not name.quoted and name.this.upper() in RESERVED:
            raise problem(1003, "42000", f"SQL compilation error:\nsyntax error unexpected '{name.this}'.")


# ---- what Snowflake takes and fakesnow does not


def json_pointer(node: exp.Expression) -> list | None:
    """GET(variant, 'name') takes the name as it is, dots and all."""
    if isinstance(node, exp.GetExtract):
        parts = [node.this, node.expression]
    elif isinstance(node, exp.Anonymous) and str(node.this).upper() == "GET":
        parts = node.expressions
    else:
        return None
    name = parts[1].name.replace("~", "~0").replace("/", "~1")
    return [parts[0], exp.Literal.string(f"/{name}")]


def nearer(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Anonymous) and str(node.this).upper() == "HASH":
        # Signed there: https://docs.snowflake.com/en/sql-reference/functions/hash
        unsigned = exp.Anonymous(this="hash", expressions=[each.transform(nearer) for each in node.expressions]).sql(dialect="duckdb")
        return sqlglot.parse_one(
            f"cast(cast({unsigned} as hugeint) - case when {unsigned} > 9223372036854775807 then 18446744073709551616 else 0 end as bigint)",
            read="duckdb",
        )
    if isinstance(node, exp.TryCast) and str(node.to).upper().startswith("TIMESTAMP"):
        return exp.Anonymous(this="try", expressions=[exp.Cast(this=node.this, to=node.to)])
    if isinstance(node, exp.ByteLength):
        return exp.func("strlen", node.this)
    if isinstance(node, exp.ToChar) and isinstance(node.args.get("format"), exp.Literal) and node.args["format"].name == "TME":
        # 17 significant digits with an exponent: https://docs.snowflake.com/en/sql-reference/sql-format-models
        return exp.func("format", exp.Literal.string("{:.16e}"), node.this)
    if isinstance(node, exp.Cast) and node.is_type("varchar", "text") and (pointer := json_pointer(node.this)):
        return exp.Anonymous(this="json_extract_string", expressions=pointer)
    if pointer := json_pointer(node):
        return exp.Anonymous(this="json_extract", expressions=pointer)
    return node


def trim_text(node):
    """In place of one that forgets which side and which characters."""
    if isinstance(node, exp.Trim) and not isinstance(node.this, exp.Cast):
        node.set("this", exp.cast(node.this, "text"))
    return node


class Quoting(Template):
    """Names may hold quotes."""

    def substitute(self, **names):
        return super().substitute({name: str(value).replace("'", "''") for name, value in names.items()})


def text_lengths(catalog, schema, table, lengths):
    quoted = lambda name: name.replace("'", "''")  # noqa: E731
    return original_lengths(quoted(catalog), quoted(schema), quoted(table), [(quoted(name), length) for name, length in lengths])


original_lengths = info_schema.insert_text_lengths_sql
info_schema.insert_text_lengths_sql = text_lengths
transforms.trim_cast_varchar = trim_text
transforming.SQL_DESCRIBE_TABLE = Quoting(transforming.SQL_DESCRIBE_TABLE.template)
for name in [name for name in vars(cursor) if name.startswith("SQL_") and isinstance(vars(cursor)[name], Template)]:
    setattr(cursor, name, Quoting(vars(cursor)[name].template))

original_transform = cursor.FakeSnowflakeCursor._transform
original_explode = cursor.FakeSnowflakeCursor._transform_explode
original_execute = cursor.FakeSnowflakeCursor.execute
original_inner = cursor.FakeSnowflakeCursor._execute


# A plan's statement takes fakesnow half a second to translate and nothing to run; tests send the same texts again and again.
translated: dict[str, exp.Expression] = {}
WORTH_KEEPING = 300


def transform(self, expression, params):
    refuse(expression)
    done = original_transform(self, expression.transform(nearer, copy=False), params)
    text = self.__dict__.get("_command", "")
    if len(text) > WORTH_KEEPING and isinstance(done, (exp.Select, exp.Create, exp.Insert, exp.Delete, exp.Update, exp.Union)):
        duckdb_text = done.sql(dialect="duckdb")
        done.sql = lambda *_, **__: duckdb_text
        translated[text] = done
    return done


def explode(self, expression):
    """What becomes several statements cannot be kept as its last one."""
    if isinstance(expression, exp.Merge):
        # A row that is not matched has one side, so that Snowflake takes its columns without the source's name.
        source = expression.args["using"].alias_or_name
        for when in expression.args["whens"].expressions:
            if isinstance(when.args["then"], exp.Insert) and isinstance(when.args["then"].expression, exp.Tuple):
                for column in when.args["then"].expression.find_all(exp.Column):
                    if not column.table:
                        column.set("table", exp.to_identifier(source))
    parts = original_explode(self, expression)
    if len(parts) > 1:
        self._command = ""
    return parts


# A seed's rows are literals and nothing else: to translate them one by one takes fakesnow a minute for a megabyte.
BULK = 20_000
BULK_INSERT = re.compile(r"\s*insert\s+(overwrite\s+)?(into\s+[\w.\"]+\s*\([^()]*\))\s*values\s*(?=\(\s*')", re.I)


def insert_bulk(self, command, bulk):
    target = bulk[2]
    if bulk[1]:
        original_execute(self, f"delete from {target[4:].split('(')[0]}")
    insert = original_transform(self, sqlglot.parse_one(f"insert {target} values (null)", read="snowflake"), None)
    text = insert.sql(dialect="duckdb").removesuffix("(NULL)") + command[bulk.end() :]
    insert.sql = lambda *_, **__: text
    self._execute(insert, None)
    return self


QUALIFIED_TEMPORARY = re.compile(r"\A(\s*create(?:\s+or\s+replace)?)\s+temp(?:orary)?\s+(?=(?:table|view)\s+(?:if\s+not\s+exists\s+)?[\w\"]+\.)", re.I)


def execute(self, command, params=None, *args, **kwargs):
    if re.match(r"\s*alter\s+(session|warehouse)\b", command, re.I):
        command = "select 'Statement executed successfully.' as status"
        kwargs.pop("binding_params", None)
    if "@~/" in command:
        original_execute(self, f"create stage if not exists {USER_STAGE}", server=True)
        command = command.replace("@~/", f"@{USER_STAGE}/")
    # DuckDB keeps temporary tables apart from schemas; what dbt makes for an incremental model it drops itself.
    command = QUALIFIED_TEMPORARY.sub(r"\1 ", command)
    if re.match(r"\s*remove\s+@", command, re.I):
        command = "select 'removed' as status"
    if len(command) > BULK and not kwargs.get("binding_params") and (bulk := BULK_INSERT.match(command)) and "\\" not in command:
        return insert_bulk(self, command, bulk)
    if command in translated:
        values = list(kwargs.get("binding_params") or ())
        self._execute(translated[command], values if translated[command].find(exp.Placeholder) else None)
        return self
    self._command = command
    return original_execute(self, command, params, *args, **kwargs)


def inner_execute(self, transformed, params=None):
    # https://docs.snowflake.com/en/sql-reference/transactions#ddl
    if isinstance(transformed, (exp.Create, exp.Drop, exp.Alter)) and not transformed.args.get("create_stage_name"):
        with suppress(duckdb.TransactionException):
            self._duck_conn.commit()
    try:
        return original_inner(self, transformed, params)
    except duckdb.InterruptException:
        raise problem(604, "57014", "SQL execution canceled") from None
    except duckdb.DataError as e:
        raise problem(100038, "22018", e.args[0]) from None


cursor.FakeSnowflakeCursor._transform = transform
cursor.FakeSnowflakeCursor._transform_explode = explode
cursor.FakeSnowflakeCursor.execute = execute
cursor.FakeSnowflakeCursor._execute = inner_execute


def read_csv(self, url):
    call = original_read(self, url)
    for name, value in (("all_varchar", True), ("allow_quoted_nulls", False), ("max_line_size", 200_000_000), ("auto_detect", False), ("delim", ","), ("escape", '"')):
        call.append("expressions", self.make_eq(name, value))
    columns = ", ".join(f"'column{i}': 'VARCHAR'" for i in range(self_columns.get()))
    call.append("expressions", exp.EQ(this=exp.Literal(this="columns", is_string=False), expression=exp.maybe_parse("{" + columns + "}", dialect="duckdb")))
    return call


class Width(threading.local):
    columns = 1

    def get(self):
        return self.columns


self_columns = Width()
original_read = copy_into.ReadCSV.read_expression
original_inserts = copy_into._inserts


def inserts(expr, params, urls, parquet_info=None):
    self_columns.columns = len(expr.this.expressions)
    return original_inserts(expr, params, urls, parquet_info)


def strip(select):
    for parameter in list(select.find_all(exp.Parameter)):
        if parameter.this.name.isdigit():
            parameter.replace(exp.column(f"column{int(parameter.this.name) - 1}"))
    return select


copy_into.ReadCSV.read_expression = read_csv
copy_into._inserts = inserts
copy_into._strip_json_extract = strip


# ---- answers for the Node driver: https://github.com/snowflakedb/snowflake-connector-nodejs reads rowset or chunks


def cell(v, typ, scale):
    if v is None:
        return None
    if typ in ("timestamp_ntz", "timestamp_ltz", "timestamp_tz"):
        if isinstance(v, dict):
            if v.get("epoch") is None:
                return None
            s = f"{v['epoch']}.{v.get('fraction', 0):09d}"
            return f"{s} {v.get('timezone', 1440)}" if typ == "timestamp_tz" else s
        return str(v)
    if typ == "date":
        return str((v - EPOCH).days if isinstance(v, dt.date) else v)
    if typ == "time":
        return f"{v // 10**9}.{v % 10**9:09d}" if isinstance(v, int) else str(v)
    if typ == "boolean":
        return "1" if v else "0"
    if typ == "binary":
        return v.hex().upper()
    if typ == "fixed":
        if isinstance(v, int) and scale:
            digits = str(abs(v)).rjust(scale + 1, "0")
            return f"{'-' if v < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"
        return format(v, "f") if isinstance(v, Decimal) else str(v)
    if typ == "real":
        return repr(v)
    return v if isinstance(v, str) else json.dumps(v)


PARAMETERS = [
    {"name": "BINARY_OUTPUT_FORMAT", "value": "HEX"},
    {"name": "DATE_OUTPUT_FORMAT", "value": "YYYY-MM-DD"},
    {"name": "TIME_OUTPUT_FORMAT", "value": "HH24:MI:SS"},
    {"name": "TIMESTAMP_OUTPUT_FORMAT", "value": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"},
    {"name": "TIMESTAMP_NTZ_OUTPUT_FORMAT", "value": "YYYY-MM-DD HH24:MI:SS.FF3"},
    {"name": "TIMESTAMP_LTZ_OUTPUT_FORMAT", "value": ""},
    {"name": "TIMESTAMP_TZ_OUTPUT_FORMAT", "value": ""},
]


def as_rows(data: dict, base: str) -> None:
    data["parameters"] = (data.get("parameters") or []) + PARAMETERS
    info = data.get("stageInfo")
    if info and info.get("presignedUrl"):
        # The driver's way to Google Cloud wants more than fakesnow gives: it is handed the folder.
        folder = os.path.dirname(os.path.join(stage.LOCAL_BUCKET_PATH, unquote(info["presignedUrl"].split("/fs_bucket/", 1)[1])))
        os.makedirs(folder, exist_ok=True)
        data["stageInfo"] = {"locationType": "LOCAL_FS", "location": folder + "/", "creds": {}}
    if data.get("queryResultFormat") == "arrow":
        body = base64.b64decode(data.pop("rowsetBase64") or "")
        rows = []
        if body:
            table = pa.ipc.open_stream(body).read_all()
            columns = []
            for i, rowtype in enumerate(data["rowtype"]):
                column = table.column(i)
                if pa.types.is_time64(column.type) or pa.types.is_time32(column.type):
                    column = column.cast(pa.time64("ns")).cast(pa.int64())
                columns.append([cell(v, rowtype["type"], rowtype.get("scale") or 0) for v in column.to_pylist()])
            rows = [list(row) for row in zip(*columns)]
        data.update(queryResultFormat="json", rowset=rows)
    if "rowset" not in data:
        return
    rows = data["rowset"]
    data["returned"] = data["total"] = len(rows)
    data["version"] = 1
    if len(rows) > CHUNK_ROWS:
        data["rowset"], data["chunks"] = rows[:CHUNK_ROWS], []
        for at in range(CHUNK_ROWS, len(rows), CHUNK_ROWS):
            part = rows[at : at + CHUNK_ROWS]
            name = uuid.uuid4().hex
            chunks[name] = json.dumps(part)[1:-1].encode()
            data["chunks"].append({"url": f"{base}/test/chunk/{name}", "rowCount": len(part), "uncompressedSize": len(chunks[name]), "compressedSize": len(chunks[name])})


def missing(answer: dict) -> None:
    """Snowflake's words for what DuckDB says about names."""
    message = answer.get("message") or ""
    column = (
        re.search(r'(?:Referenced column|Values list "[^"]*" does not have a column named|does not have a column (?:named|with name)) "([^"]+)"', message)
        or re.search(r'Referenced (?:table|column) "[^"]+" not found', message) and re.search(r'"([^"]+)"', message)
    )
    if column and answer.get("code") in ("002043", "002003"):
        answer.update(code="000904", message=f"SQL compilation error: error line 1 at position 7\ninvalid identifier '{column[1]}'")
        answer["data"].update(errorCode="000904", sqlState="42000")
        return
    relation = re.search(r'(?:Table|View) with name "?(.+?)"? does not exist', message) or re.search(r'(?:Table|View) "([^"]+)" does not exist', message)
    if relation:
        answer.update(code="002003", message=f"SQL compilation error:\nObject '{relation[1]}' does not exist or not authorized.")
        answer["data"].update(errorCode="002003", sqlState="42S02")


def failure(code: str, sqlstate: str, message: str) -> dict:
    return {"data": {"errorCode": code, "sqlState": sqlstate}, "code": code, "message": message, "success": False}


# ---- a virtual warehouse that is suspended and does not resume by itself

# These ask the cloud services alone: https://docs.snowflake.com/en/user-guide/cost-understanding-compute
WITHOUT_COMPUTE = re.compile(r"\s*(alter|begin|commit|rollback|use|show|desc|drop|grant|create\s+(?!.*\bas\b))", re.I | re.S)
SUSPENDED = failure("000608", "57P03", "Warehouse 'COMPUTE' is suspended. Use 'alter warehouse COMPUTE resume;' command if you need to use it again.")


def kept_waiting(text: str) -> bool:
    """Whether the statement must wait for somebody who resumes the warehouse."""
    global suspended, suspend_at
    if re.match(r"\s*alter\s+warehouse\b.*\bresume\b", text, re.I | re.S):
        suspended = False
    if suspend_at is not None and re.search(suspend_at, text, re.I):
        suspended, suspend_at = True, None
    return suspended and not WITHOUT_COMPUTE.match(text)


# ---- logins


def refused_login(data: dict) -> str | None:
    if data.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
        key = login_rules.get("publicKey")
        try:
            if key is None:
                return None
            # The driver writes milliseconds where seconds belong, and Snowflake takes them.
            claims = jwt.decode(data["TOKEN"], key, algorithms=["RS256"], options={"verify_iat": False})
            return None if claims["sub"] == login_rules["subject"] else "JWT token is invalid."
        except jwt.PyJWTError as e:
            return f"JWT token is invalid. {e}"
    if data.get("AUTHENTICATOR") == "OAUTH":
        return None if data.get("TOKEN") == login_rules.get("token", data.get("TOKEN")) else "Invalid OAuth access token."
    return None if data.get("PASSWORD") != "wrong" else "Incorrect username or password was specified."


def renewed(request: dict) -> dict:
    """For a token that has expired. fakesnow's do not: it is the same one again."""
    for fault in [fault for fault in faults if fault["match"] == "/session/token-request"]:
        faults.remove(fault)
        return failure(fault["code"], "08001", fault["message"])
    token = request["oldSessionToken"]
    return {"data": {"sessionToken": token, "masterToken": "master", "validityInSecondsST": 3600, "validityInSecondsMT": 14400}, "success": True}


# ---- the application


async def body_of(receive, headers) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body


async def answer(send, status: int, body: bytes, kind: bytes = b"application/json") -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def ask_fakesnow(scope, body: bytes):
    start, got = {}, b""
    headers = [(k, v) for k, v in scope["headers"] if k.lower() not in (b"content-encoding", b"content-length")]

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message):
        nonlocal got
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            got += message.get("body", b"")

    try:
        await server.app({**scope, "headers": headers}, receive, collect)
    except Exception as e:  # noqa: BLE001
        return 200, json.dumps(failure("261000", "XX000", f"fakesnow: {type(e).__name__}: {e}")).encode()
    return start.get("status", 500), got


def split(text: str) -> list[str]:
    parts = re.findall(r"""(?:'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|[^;'"])+""", text, re.S)
    return [part for part in (part.strip() for part in parts) if part]


async def several(scope, request: dict, wanted: int, base: str) -> bytes:
    """Statements in order, up to the first that fails; the answers wait to be fetched.
    https://docs.snowflake.com/en/developer-guide/node-js/nodejs-driver-execute#executing-a-batch-of-sql-statements-multi-statement-support
    """
    texts = split(request["sqlText"])
    if len(texts) != wanted:
        return json.dumps(failure("000008", "0A000", f"Actual statement count {len(texts)} did not match the desired statement count {wanted}.")).encode()
    ids = []
    for text in texts:
        if kept_waiting(text):
            return json.dumps(SUSPENDED).encode()
        _, got = await ask_fakesnow(scope, json.dumps({**request, "sqlText": text, "parameters": {}}).encode())
        reply = json.loads(got) if got.startswith(b"{") else failure("261000", "XX000", "fakesnow failed")
        if not reply.get("success"):
            missing(reply)
            return json.dumps(reply).encode()
        as_rows(reply["data"], base)
        ids.append(uuid.uuid4().hex)
        reply["data"]["queryId"] = ids[-1]
        results[ids[-1]] = json.dumps(reply).encode()
    return json.dumps({"data": {"resultIds": ",".join(ids), "queryId": uuid.uuid4().hex, "parameters": []}, "success": True}).encode()


async def app(scope, receive, send):
    global suspend_at
    if scope["type"] != "http":
        return await server.app(scope, receive, send)
    path = scope["path"]
    headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
    node = "javascript" in headers.get("user-agent", "").lower()
    if path.startswith("/test/chunk/"):
        found = chunks.pop(path.rsplit("/", 1)[1], None)
        return await answer(send, 200 if found is not None else 404, found or b"", b"text/plain")
    if match := re.fullmatch(r"/queries/([0-9a-f]+)/result", path):
        return await answer(send, 200, results.pop(match[1]))
    if path == "/test/log":
        return await answer(send, 200, json.dumps(log).encode())
    if path == "/fs_bucket" or path.startswith("/monitoring"):
        return await server.app(scope, receive, send)
    if path.startswith("/fs_bucket/"):
        return await server.app(scope, receive, send)
    body = await body_of(receive, headers)
    if path == "/test/fault":
        faults.append(json.loads(body))
        return await answer(send, 200, b"{}")
    if path == "/test/suspend":
        suspend_at = json.loads(body)["match"]
        return await answer(send, 200, b"{}")
    if path == "/test/end-sessions":
        server.sessions.clear()
        return await answer(send, 200, b"{}")
    if path == "/session/v1/login-request":
        reason = refused_login(json.loads(body)["data"])
        if reason is not None:
            return await answer(send, 200, json.dumps({"data": {}, "code": "390100", "message": reason, "success": False}).encode())
        log.append({"login": {k: v for k, v in json.loads(body)["data"].items() if k in ("LOGIN_NAME", "AUTHENTICATOR", "SESSION_PARAMETERS")}, "query": scope["query_string"].decode()})
    if path.endswith("/abort-request"):
        connection = running.get(json.loads(body or b"{}").get("requestId", ""))
        if connection is not None:
            connection._duck_conn.interrupt()
        return await answer(send, 200, b'{"success": true}')
    if path == "/session/token-request":
        return await answer(send, 200, json.dumps(renewed(json.loads(body))).encode())
    if not path.startswith("/queries/v1/query-request"):
        status, got = await ask_fakesnow(scope, body)
        if path == "/session/v1/login-request" and got.startswith(b"{"):
            reply = json.loads(got)
            # fakesnow's sessions do not expire, and have no second token to renew the first one by.
            reply["data"].update(masterToken="master", validityInSeconds=3600, masterValidityInSeconds=14400)
            got = json.dumps(reply).encode()
        # Snowflake tells a lost session in a body, and has no other way to fail there.
        return await answer(send, 200 if status == 401 else status, got)
    request = json.loads(body)
    text = request.get("sqlText", "")
    entry = {"sql": text, "parameters": request.get("parameters")}
    log.append(entry)
    began = time.monotonic()
    for fault in list(faults):
        if re.search(fault["match"], text, re.I):
            fault["times"] = fault.get("times", 1) - 1
            if fault["times"] <= 0:
                faults.remove(fault)
            if fault.get("endSession"):
                server.sessions.pop(headers.get("authorization", "")[17:-1], None)
                break
            return await answer(send, 200, json.dumps(failure(fault["code"], fault.get("sqlState", "XX000"), fault["message"])).encode())
    wanted = int((request.get("parameters") or {}).get("MULTI_STATEMENT_COUNT") or 1)
    if wanted == 1 and kept_waiting(text):
        return await answer(send, 200, json.dumps(SUSPENDED).encode())
    request_id = parse_qs(scope["query_string"].decode()).get("requestId", [""])[0]
    connection = server.sessions.get(headers.get("authorization", "")[17:-1])
    running[request_id] = connection
    base = f"http://{headers['host']}"

    async def closed():
        while (await receive())["type"] != "http.disconnect":
            pass
        if connection is not None and request_id in running:
            connection._duck_conn.interrupt()

    watch = asyncio.create_task(closed())
    try:
        if wanted == 1:
            status, got = await ask_fakesnow(scope, body)
        else:
            status, got, node = 200, await several(scope, request, wanted, base), False
    finally:
        running.pop(request_id, None)
        watch.cancel()
        entry["seconds"] = time.monotonic() - began
    if not got.startswith(b"{"):
        got = json.dumps(failure("261000", "XX000", "fakesnow failed")).encode()
    if node:
        reply = json.loads(got)
        if isinstance(reply.get("data"), dict):
            if reply.get("success"):
                as_rows(reply["data"], base)
            else:
                missing(reply)
        got = json.dumps(reply).encode()
        status = 200
    with suppress(RuntimeError, OSError):
        await answer(send, status, got)


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])
