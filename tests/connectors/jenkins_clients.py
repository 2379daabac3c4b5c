"""Drives a Jenkins as those do who use python-jenkins or api4jenkins: argv is the client, the URL, user, token and the
key of a run. Says as JSON what it saw. Runs in an environment of its own, without Tocsin."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

JOB = "shop/deploy-web"


def with_python_jenkins(url: str, user: str, token: str, key: str) -> dict[str, Any]:
    import jenkins

    server = jenkins.Jenkins(url, username=user, password=token, timeout=20)
    known = server.get_job_info(JOB)["property"][0]["parameterDefinitions"]
    first = server.build_job(JOB, {"VERSION": "1.4.2", "TOCSIN_ACTION_ID": key})
    waiting = [item["id"] for item in server.get_queue_info()]
    number = until(lambda: server.get_queue_item(first).get("executable"))["number"]
    until(lambda: not server.get_build_info(JOB, number)["building"])
    build = server.get_build_info(JOB, number)
    log = server.get_build_console_output(JOB, number)
    taken = server.build_job(JOB, {"VERSION": "1.4.3"})
    server.cancel_queue(taken)
    second = server.build_job(JOB, {"VERSION": "1.4.4"})
    stopped = until(lambda: server.get_queue_item(second).get("executable"))["number"]
    server.stop_build(JOB, stopped)
    return {
        "parameters": [one["name"] for one in known],
        "waited": first in waiting,
        "result": build["result"],
        "given": build["actions"][1]["parameters"],
        "log": log.splitlines(),
        "taken_out": server.get_queue_item(taken).get("cancelled"),
        "stopped": server.get_build_info(JOB, stopped)["result"],
    }


def with_api4jenkins(url: str, user: str, token: str, key: str) -> dict[str, Any]:
    from api4jenkins import Jenkins

    server = Jenkins(url, auth=(user, token), timeout=20)
    job = server.get_job(JOB)
    item = job.build(VERSION="1.4.2", TOCSIN_ACTION_ID=key)
    again = job.build(VERSION="1.4.2", TOCSIN_ACTION_ID=key)
    waiting = [one.id for one in server.queue]
    build = until(lambda: item._class.endswith("LeftItem") and item.get_build())
    until(lambda: not build.building)
    taken = job.build(VERSION="1.4.3")
    taken.cancel()
    second = job.build(VERSION="1.4.4")
    stopped = until(lambda: second._class.endswith("LeftItem") and second.get_build())
    stopped.stop()
    return {
        "parameters": [one["name"] for one in job.get_parameters()],
        "folded": item.id == again.id,
        "waited": item.id in waiting,
        "result": build.result,
        "given": build.api_json()["actions"][1]["parameters"],
        "log": list(build.progressive_output()),
        "taken_out": taken.api_json()["cancelled"],
        "stopped": stopped.result,
    }


def until(ask: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit("never")


if __name__ == "__main__":
    client = {"python-jenkins": with_python_jenkins, "api4jenkins": with_api4jenkins}[sys.argv[1]]
    sys.stdout.write(json.dumps(client(*sys.argv[2:])))
