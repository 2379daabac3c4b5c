"""As much of Jenkins as starting a job with parameters needs, with its state in memory: the folder and its job, the
queue, the builds, their logs. Made from what jenkinsci/jenkins' source says, and driven by two clients that others
wrote for the real one (`test_jenkins.py`); no real Jenkins was there to compare it with. An answer has what `tree` asks
for, and nothing else."""

import base64
import re
from typing import Any

from tests.connectors.faulty import Answer, Asked

USER, API_TOKEN = "tocsin", "11jenkins-api-token"
PAIR = base64.b64encode(f"{USER}:{API_TOKEN}".encode()).decode()
PARAMETERS = ("VERSION", "TOCSIN_ACTION_ID")
_FOLDER = "/job/shop"
_JOB = f"{_FOLDER}/job/deploy-web"
_MODEL = "hudson.model"
Object = dict[str, Any]


class FakeJenkins:
    """One job, shop/deploy-web. A queued item becomes a build when somebody looks; a build ends when it was looked at
    twice."""

    def __init__(self) -> None:
        self.queue: list[Object] = []
        self.left: list[Object] = []
        self.builds: list[Object] = []
        self.effects: list[str] = []
        self.result = "SUCCESS"
        self._looks: dict[int, int] = {}
        self._number, self._root = 40, ""

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Basic {PAIR}":
            return Answer(401, "<html>Unauthorized</html>")
        self._root = f"http://{asked.headers.get('Host', 'jenkins.example.com')}"
        if asked.method == "POST":
            return self._post(asked)
        path, tree = asked.path.rstrip("/"), asked.query.get("tree", "")
        if path.endswith("/api/json"):
            found = self._object(path.removesuffix("/api/json"), tree)
            return Answer(200, chosen(found, tree), {"X-Jenkins": "2.541"}) if found else _page(404, "Not Found")
        found_log = re.fullmatch(_JOB + r"/(\d+)/(logText/progressiveText|consoleText)", path)
        build = self._build(found_log[1]) if found_log else None
        if build:
            return self._log(build, int(asked.query.get("start", "0")), is_whole=path.endswith("consoleText"))
        return (
            _page(200, "Dashboard")
            if path in ("", _JOB) or self._build(path.split("/")[-1])
            else _page(404, "Not Found")
        )

    def _object(self, path: str, tree: str) -> Object | None:
        if path == "":
            return {"_class": f"{_MODEL}.Hudson", "mode": "NORMAL", "jobs": [self._folder()], "url": f"{self._root}/"}
        if path == _FOLDER:
            job = {"_class": f"{_MODEL}.FreeStyleProject", "name": "deploy-web", "url": f"{self._root}{_JOB}/"}
            return {**self._folder(), "jobs": [job]}
        if path == _JOB:
            return self._job(tree)
        if path == "/crumbIssuer":
            field = "Jenkins-Crumb"
            return {"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": "c4", "crumbRequestField": field}
        if path == "/queue":
            return {"_class": f"{_MODEL}.Queue", "items": list(self.queue)}
        found = re.fullmatch(r"/queue/item/(\d+)", path)
        if found:
            shown = next((dict(item) for item in (*self.queue, *self.left) if str(item["id"]) == found[1]), None)
            self._leave()
            return shown
        build = self._build(path.removeprefix(f"{_JOB}/"))
        shown = dict(build) if build else None
        if build:
            self._end(build)
        return shown

    def _job(self, tree: str) -> Object:
        definitions = [
            {"_class": f"{_MODEL}.StringParameterDefinition", "name": name, "type": "StringParameterDefinition"}
            for name in PARAMETERS
        ]
        shown = [dict(build) for build in reversed(self.builds)]
        if "builds" in tree:
            for build in self.builds:
                self._end(build)
            self._leave()
        property_ = {"_class": f"{_MODEL}.ParametersDefinitionProperty", "parameterDefinitions": definitions}
        made: Object = {"_class": f"{_MODEL}.FreeStyleProject", "name": "deploy-web", "fullName": "shop/deploy-web"}
        made |= {"url": f"{self._root}{_JOB}/", "buildable": True, "inQueue": bool(self.queue)}
        return {**made, "property": [property_], "builds": shown, "nextBuildNumber": len(self.builds) + 1}

    def _post(self, asked: Asked) -> Answer:
        if asked.path == f"{_JOB}/buildWithParameters":
            return self._begin(asked)
        if asked.path == "/queue/cancelItem":
            return self._cancel(asked.query.get("id", ""))
        found = re.fullmatch(_JOB + r"/(\d+)/stop", asked.path)
        build = self._build(found[1]) if found else None
        if build is None:
            return _page(404, "Not Found")
        if build["building"]:
            build |= {"building": False, "result": "ABORTED"}
        return Answer(302, headers={"Location": build["url"]})

    def _begin(self, asked: Asked) -> Answer:
        """Jenkins takes what the job knows, and folds an equal build that still waits (303)."""
        class_ = f"{_MODEL}.StringParameterValue"
        given = [{"_class": class_, "name": n, "value": v} for n, v in asked.query.items() if n in PARAMETERS]
        for item in self.queue:
            if item["actions"][0]["parameters"] == given:
                return Answer(303, headers={"Location": f"{self._root}/queue/item/{item['id']}/"})
        self._number += 1
        self.effects.append(asked.query.get("TOCSIN_ACTION_ID", ""))
        task = {"_class": f"{_MODEL}.FreeStyleProject", "name": "deploy-web", "url": f"{self._root}{_JOB}/"}
        item = {"_class": f"{_MODEL}.Queue$WaitingItem", "id": self._number, "task": task, "stuck": False}
        item |= {"actions": [{"_class": f"{_MODEL}.ParametersAction", "parameters": given}], "blocked": False}
        item |= {"why": "In the quiet period. Expires in 4.9 sec", "url": f"queue/item/{self._number}/"}
        self.queue.append(item)
        return Answer(201, headers={"Location": f"{self._root}/queue/item/{self._number}/"})

    def _cancel(self, id_: str) -> Answer:
        """204 while it waits, 500 when it has left the queue, 404 for what was not in it (as Queue.doCancelItem)."""
        item = next((item for item in self.queue if str(item["id"]) == id_), None)
        if item is None:
            is_left = any(str(item["id"]) == id_ for item in self.left)
            return _page(500, "Could not cancel run") if is_left else _page(404, "not found")
        self.queue.remove(item)
        self.left.append({**item, "_class": f"{_MODEL}.Queue$LeftItem", "cancelled": True, "why": None})
        return Answer(204)

    def _log(self, build: Object, start: int, *, is_whole: bool) -> Answer:
        text = f"Started by user {USER}\n+ deploy\n" + ("" if build["building"] else f"Finished: {build['result']}\n")
        more = {"X-More-Data": "true"} if build["building"] and not is_whole else {}
        return Answer(200, text if is_whole else text[start:], {"X-Text-Size": str(len(text)), **more})

    def _leave(self) -> None:
        """The first that waits becomes a build."""
        if not self.queue:
            return
        item, number = self.queue.pop(0), len(self.builds) + 1
        class_, url = f"{_MODEL}.FreeStyleBuild", f"{self._root}{_JOB}/{number}/"
        build = {"_class": class_, "number": number, "id": str(number), "building": True, "result": None, "url": url}
        build |= {"displayName": f"#{number}", "queueId": item["id"], "actions": [{}, *item["actions"]]}
        self.builds.append(build)
        executable = {"_class": class_, "number": number, "url": url}
        told = {"_class": f"{_MODEL}.Queue$LeftItem", "cancelled": False, "executable": executable, "why": None}
        self.left.append({**item, **told})

    def _end(self, build: Object) -> None:
        looks = self._looks[build["number"]] = self._looks.get(build["number"], 0) + 1
        if build["building"] and looks > 1:
            build |= {"building": False, "result": self.result}

    def _build(self, number: str) -> Object | None:
        return next((one for one in self.builds if str(one["number"]) == number), None)

    def _folder(self) -> Object:
        class_ = "com.cloudbees.hudson.plugins.folder.Folder"
        return {"_class": class_, "name": "shop", "fullName": "shop", "url": f"{self._root}{_FOLDER}/"}


def chosen(found: Any, tree: str) -> Any:
    """What `tree` asks for, as Jenkins' Remote Access API does it: a[b,c[d]]{0,9}; '' is all."""
    return _pruned(found, _parsed(tree)) if tree else found


def _parsed(tree: str) -> Object:
    """Field → its fields."""
    fields: Object = {}
    place, stack = fields, list[Object]()
    for name, mark in re.findall(r"([\w-]*)(?:\{[\d,]*\})?([\[\],]|$)", tree):
        last = place.setdefault(name, {}) if name else {}
        if mark == "[":
            stack.append(place)
            place = last
        if mark == "]":
            place = stack.pop()
    return fields


def _pruned(found: Any, fields: Object) -> Any:
    if isinstance(found, list):
        return [_pruned(one, fields) for one in found]
    if not isinstance(found, dict) or not fields:
        return found
    return {name: _pruned(value, fields.get(name, {})) for name, value in found.items() if name in {"_class", *fields}}


def _page(status: int, words: str) -> Answer:
    return Answer(status, f"<html>{words}</html>")
