"""Prepares a fuzzing of the contract: makes objects on the host, and writes the served document down with their ids.

Usage: contract.py BASE TOKEN FILE

A fuzzer that makes up ids sees nothing but 404. So every id in a path may also be one of an object that exists, except
where the operation deletes it; and waits are at most two seconds, for fifty of twenty-five would show nothing more.
"""

import json
import sys
import time
import urllib.request

BASE, TOKEN, FILE = sys.argv[1:]
TERMINAL = {"completed", "failed", "cancelled", "awaiting_approval"}


def call(method, path, body=None):
    """One request that must succeed; its answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def served():
    """The document, once the host answers."""
    for _ in range(600):
        try:
            return call("GET", "/v1/openapi.json")
        except OSError:
            time.sleep(1)
    sys.exit("the host does not answer")


def run(workflow):
    """A run of the workflow, at rest."""
    execution = call("POST", f"/v1/workflows/{workflow}/execute?wait=25", {})["execution"]
    while execution["status"] not in TERMINAL:
        execution = call("GET", f"/v1/executions/{execution['id']}?wait=25")
    return execution["id"]


def workflow(**fields):
    body = {"schedule": "manual", "stop_condition": {"type": "always"}, "overlap_policy": "allow", **fields}
    return call("POST", "/v1/workflows", body)["id"]


def objects():
    """The ids there are, by the path of their object."""
    session = call("POST", "/v1/sessions", {"name": "a session"})["id"]
    watch = workflow(
        name="a watch", workflow_type="search", operation_config={"query": "agent"}, session_id=session,
        include_baseline=True, deliver=[{"type": "email", "to": ["owner@nightdesk.test"]}],
    )
    post = workflow(
        name="a post", mode="multi_step",
        steps=[{"id": "say", "type": "format_post", "config": {"from": ["find"], "channel": "x"}, "depends_on": ["find"]},
               {"id": "find", "type": "search", "config": {"query": "agent"}}],
    )
    runs = [run(watch), run(watch), *(run(post) for _ in range(12))]
    planning = call("POST", "/v1/workflows/plan/async", {"intent": "tell me when example.com changes its prices"})
    ids = lambda path, plural: [item["id"] for item in call("GET", f"{path}?limit=100")[plural]]
    return {
        "/v1/workflows/plan/async/{session_id}": [planning["session_id"]],
        "/v1/workflows/{id}": [watch, post],
        "/v1/executions/{id}": runs,
        "/v1/approvals/{id}": ids("/v1/approvals", "approvals"),
        "/v1/sessions/{id}": [session],
        "/v1/owners/{id}": [call("POST", "/v1/owners", {"email": "another@nightdesk.test"})["owner_id"]],
        "/v1/tokens/{id}": [call("POST", "/v1/tokens", {"token_name": "a token"})["id"]],
        "/v1/signals/{id}": ids(f"/v1/workflows/{watch}/signals", "signals"),
        "/v1/deliveries/{id}": ids("/v1/deliveries", "deliveries"),
        "/v1/destinations/{id}": [call("GET", f"/v1/workflows/{watch}")["deliver"][0]["id"]],
    }


def known(path, name, there):
    """What stands for a parameter of the path."""
    if name == "before":
        return there["/v1/executions/{id}"][:2]
    if name == "key":
        return ["find", "say"]
    if name == "version":
        return [1]
    prefixes = [prefix for prefix in there if path.startswith(prefix)]
    return there[max(prefixes, key=len)]


document = served()
there = objects()
assert all(there.values()), there
for path, operations in document["paths"].items():
    for method, operation in operations.items():
        for parameter in operation["parameters"]:
            if parameter.get("name") == "wait":
                parameter["schema"]["maximum"] = 2
            if parameter.get("in") == "path" and method != "delete":
                real = {"enum": known(path, parameter["name"], there)}
                parameter["schema"] = {"anyOf": [real, parameter["schema"]]}
with open(FILE, "w", encoding="utf-8") as file:
    json.dump(document, file)
