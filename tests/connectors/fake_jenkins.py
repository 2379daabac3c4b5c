"""As much of Jenkins as starting a job with parameters needs, with its state in memory: the queue, the builds, their
logs. Made from what jenkinsci/jenkins' source says; no real Jenkins was there to compare it with."""

import base64
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

USER, API_TOKEN = "tocsin", "11jenkins-api-token"
PAIR = base64.b64encode(f"{USER}:{API_TOKEN}".encode()).decode()
_JOB = "/job/shop/job/deploy-web"


class FakeJenkins:
    """One job, shop/deploy-web. A queued item becomes a build, and a build ends, when the job is looked at."""

    def __init__(self) -> None:
        self.queue: list[dict[str, Any]] = []
        self.builds: list[dict[str, Any]] = []
        self.effects: list[str] = []
        self.result = "SUCCESS"
        self._number = 40

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Basic {PAIR}":
            return Answer(401, "<html>Unauthorized</html>")
        if asked.path == f"{_JOB}/buildWithParameters" and asked.method == "POST":
            return self._build(asked)
        if asked.path == "/queue/api/json":
            return Answer(200, {"items": list(self.queue)})
        if asked.path == "/queue/cancelItem" and asked.method == "POST":
            self.queue = [item for item in self.queue if str(item["id"]) != asked.query["id"]]
            return Answer(204)
        if asked.path == f"{_JOB}/api/json":
            return self._job(asked)
        return self._one(asked)

    def _job(self, asked: Asked) -> Answer:
        names = ("VERSION", "TOCSIN_ACTION_ID")
        definitions = [{"_class": "hudson.model.StringParameterDefinition", "name": name} for name in names]
        shown = [dict(build) for build in reversed(self.builds)]
        if "builds" in asked.query.get("tree", ""):
            self._move()
        return Answer(200, {"buildable": True, "property": [{"parameterDefinitions": definitions}], "builds": shown})

    def _build(self, asked: Asked) -> Answer:
        given = [{"name": name, "value": value} for name, value in asked.query.items()]
        for item in self.queue:
            if item["actions"][0]["parameters"] == given:
                return Answer(303, headers={"Location": f"http://jenkins.example.com/queue/item/{item['id']}/"})
        self._number += 1
        self.effects.append(asked.query["TOCSIN_ACTION_ID"])
        self.queue.append({"id": self._number, "actions": [{"parameters": given}], "why": "In the quiet period"})
        return Answer(201, headers={"Location": f"http://jenkins.example.com/queue/item/{self._number}/"})

    def _one(self, asked: Asked) -> Answer:
        found = re.fullmatch(r"/queue/item/(\d+)/api/json", asked.path)
        if found:
            item = next((i for i in self.queue if str(i["id"]) == found[1]), None)
            return Answer(200, item) if item else Answer(404, "<html>Not Found</html>")
        found = re.fullmatch(_JOB + r"/(\d+)/(stop|logText/progressiveText)", asked.path)
        build = next((b for b in self.builds if found and str(b["number"]) == found[1]), None)
        if found is None or build is None:
            return Answer(404, "<html>Not Found</html>")
        if found[2] == "stop":
            build |= {"building": False, "result": "ABORTED"}
            return Answer(302, headers={"Location": "http://jenkins.example.com/"})
        return Answer(200, f"Started by user {USER}\n+ deploy\nFinished: {build['result']}\n", {"X-Text-Size": "50"})

    def _move(self) -> None:
        for build in self.builds:
            if build["building"]:
                build |= {"building": False, "result": self.result}
        if self.queue:
            item = self.queue.pop(0)
            number = len(self.builds) + 1
            url = f"http://jenkins.example.com{_JOB}/{number}/"
            build = {"number": number, "building": True, "result": None, "url": url, "displayName": f"#{number}"}
            self.builds.append({**build, "actions": [{}, *item["actions"]]})
