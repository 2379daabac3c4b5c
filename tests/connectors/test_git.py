"""Does the git connector keep the executor's contract on real repositories?"""

import pickle
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.model import Action, ActionKind, Plan
from bot.connectors.git import executor
from bot.connectors.git.change import target_problems, version_before
from bot.connectors.git.executor import GitExecutor
from bot.errors import ConnectorError, InputError, Refused, WorldChanged
from tests.connectors.conftest import CHECKOUT, Deployments, HttpGit, action, git, wrapped_git

BOTH = pytest.mark.parametrize("over", ["path", "file", "http"])
ROLLBACK = action()
DEPLOY = action(ActionKind.DEPLOY)
PEOPLE = {"requested_by": "T1/UANA", "approved_by": "T1/UBEN,T1/UCHLOE", "incident": "7"}


@pytest.fixture
def at(shop: Deployments, request: pytest.FixtureRequest) -> Callable[..., GitExecutor]:
    def make(over: str = "path", **options: object) -> GitExecutor:
        url = str(shop.path)
        if over == "file":
            url = shop.path.as_uri()
        if over == "http":
            url = request.getfixturevalue("http_git").url
        made = executor("shop", {"repository": url, **options})
        assert isinstance(made, GitExecutor)
        return made

    return make


At = Callable[..., GitExecutor]


@BOTH
def test_a_rollback_plan_shows_one_line_and_changes_nothing(shop: Deployments, at: At, over: str) -> None:
    head = shop.head()
    plan = at(over).plan(ROLLBACK, {})
    assert (plan.before, plan.after, plan.world) == ("1.4.2", "1.4.1", head)
    changed = [line for line in plan.diff.splitlines() if re.match(r"[+-](?![+-])", line)]
    assert changed == [
        '-  tag: "1.4.2"   # bumped by the release job',
        '+  tag: "1.4.1"   # bumped by the release job',
    ]
    assert plan.diff.startswith("--- a/services/checkout.yaml\n+++ b/services/checkout.yaml\n@@ ")
    assert shop.head() == head


@BOTH
def test_execution_commits_exactly_the_planned_line_with_its_trailers(shop: Deployments, at: At, over: str) -> None:
    plan = at(over).plan(ROLLBACK, {})
    done = at(over).execute("tocsin-run-12", ROLLBACK, PEOPLE, plan)
    assert (done.version, done.previous, done.reference) == ("1.4.1", "1.4.2", shop.head())
    assert shop.file() == CHECKOUT.format("1.4.1")
    assert git(shop.path, "diff", "--numstat", plan.world, "main") == "1\t1\tservices/checkout.yaml"
    assert shop.subjects()[0] == "Roll back checkout from 1.4.2 to 1.4.1"
    assert shop.body().splitlines() == [
        "Requested-by: T1/UANA",
        "Approved-by: T1/UBEN",
        "Approved-by: T1/UCHLOE",
        "Tocsin-Incident: 7",
        "Tocsin-Kind: rollback",
        "Tocsin-Action: tocsin-run-12",
        "Tocsin-Version: 1.4.1",
        "Tocsin-Previous: 1.4.2",
    ]
    assert git(shop.path, "log", "-1", "--format=%an <%ae>|%cn", "main") == "Tocsin <tocsin@localhost>|Tocsin"


@BOTH
def test_the_same_key_again_gives_the_same_commit(shop: Deployments, at: At, over: str) -> None:
    plan = at(over).plan(DEPLOY, {"version": "1.4.3"})
    first = at(over).execute("tocsin-run-1", DEPLOY, {}, plan)
    shop.release("1.5.0")
    assert at(over).execute("tocsin-run-1", DEPLOY, {}, plan) == first
    assert at(over).find("tocsin-run-1", DEPLOY) == first
    assert at(over).find("tocsin-run-11", DEPLOY) is None
    assert at(over).find("tocsin-run", DEPLOY) is None
    assert shop.subjects()[:2] == ["Release 1.5.0", "Deploy checkout 1.4.3 (was 1.4.2)"]


def test_a_deploy_goes_to_the_version_that_was_asked_for(shop: Deployments, at: At) -> None:
    plan = at().plan(DEPLOY, {"version": "1.5.0-rc.1"})
    done = at(commit_url="https://git.example/c/{commit}").execute("k1", DEPLOY, {}, plan)
    assert (done.version, done.previous) == ("1.5.0-rc.1", "1.4.2")
    assert done.link == f"https://git.example/c/{shop.head()}"
    assert shop.file() == CHECKOUT.format("1.5.0-rc.1")


def test_commits_to_other_files_need_no_new_approval(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    shop.commit("Payments 2.7.4", services__payments="image: {tag: 2.7.4}\n")
    at().execute("k1", ROLLBACK, {}, plan)
    assert shop.file() == CHECKOUT.format("1.4.1")
    assert shop.file("services/payments.yaml") == "image: {tag: 2.7.4}\n"


def test_another_value_of_the_key_needs_a_new_approval(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    head = shop.release("1.4.3")
    with pytest.raises(WorldChanged, match=r"checkout is at 1\.4\.3 now; the plan was made when it was at 1\.4\.2"):
        at().execute("k1", ROLLBACK, {}, plan)
    assert shop.head() == head


def test_changed_lines_around_the_key_need_a_new_approval(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    shop.commit("Another image", services__checkout=CHECKOUT.format("1.4.2").replace("shop/", "backup/"))
    with pytest.raises(WorldChanged, match=r"services/checkout\.yaml was changed near image\.tag"):
        at().execute("k1", ROLLBACK, {}, plan)


def test_a_plan_that_was_tampered_with_is_not_done(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    with pytest.raises(WorldChanged):
        at().execute("k1", ROLLBACK, {}, Plan(plan.summary, plan.before, "9.9.9", plan.diff, plan.world))
    assert shop.file() == CHECKOUT.format("1.4.2")


def test_nothing_to_roll_back_is_refused(shop: Deployments, at: At) -> None:
    payments = action(file="services/payments.yaml")
    with pytest.raises(Refused) as caught:
        at().plan(payments, {})
    assert caught.value.reason == "nothing_to_roll_back"


@pytest.mark.parametrize(
    ("past", "before"),
    [
        ([], None),
        (["1"], None),
        (["1", "2"], "1"),
        (["1", "2", "3", "2"], "1"),
        (["1", "2", "3", "2", "4"], "2"),
        (["1", "2", "1"], None),
        (["1", "2", "1", "2"], "1"),
    ],
)
def test_a_version_that_was_taken_back_is_not_gone_back_to(past: list[str], before: str | None) -> None:
    assert version_before(past) == before


def test_two_rollbacks_in_a_row_go_back_twice(shop: Deployments, at: At) -> None:
    at().execute("k1", ROLLBACK, {}, at().plan(ROLLBACK, {}))
    second = at().plan(ROLLBACK, {})
    assert (second.before, second.after) == ("1.4.1", "1.4.0")


def test_a_rollback_passes_over_broken_revisions_and_merged_side_branches(shop: Deployments, at: At) -> None:
    shop.commit("Break it", services__checkout="image: [\n")
    shop.release("1.4.3")
    git(shop.path, "update-ref", "refs/heads/side", shop.head())
    side = shop.commit("Side", branch="side", services__checkout=CHECKOUT.format("9.0.0-side"))
    shop.commit("Main goes on", services__payments="image: {tag: 3}\n")
    tree = git(shop.path, "rev-parse", "main^{tree}")
    merge = git(shop.path, "commit-tree", tree, "-p", shop.head(), "-p", side, stdin="Merge side, keep ours")
    git(shop.path, "update-ref", "refs/heads/main", merge)
    assert at().plan(ROLLBACK, {}).after == "1.4.2"


def test_a_rollback_can_name_a_version_that_ran_before(shop: Deployments, at: At) -> None:
    assert at().plan(ROLLBACK, {"version": "1.4.0"}).after == "1.4.0"
    with pytest.raises(InputError, match=r"never was at 1\.3\.9; its history has 1\.4\.1, 1\.4\.0"):
        at().plan(ROLLBACK, {"version": "1.3.9"})


@pytest.mark.parametrize("version", ["", "1.4.2", "--force", "a b", "x\nTocsin-Action: k9", "$(id)", "v" * 300])
def test_a_version_that_makes_no_sense_is_refused(shop: Deployments, at: At, version: str) -> None:
    with pytest.raises(InputError, match=r"^version: "):
        at().plan(DEPLOY, {"version": version})


def test_people_cannot_write_trailers_of_their_own(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    at().execute("k1", ROLLBACK, {"requested_by": "eve\nTocsin-Action: k2\r\x85Tocsin-Action: k3"}, plan)
    assert at().find("k2", ROLLBACK) is None
    assert at().find("k3", ROLLBACK) is None
    assert at().find("k1", ROLLBACK) is not None


def test_a_text_that_mentions_a_key_is_not_taken_for_its_commit(shop: Deployments, at: At) -> None:
    shop.commit("Talk\n\nTocsin-Action: k1\n\nis how it marks commits.", note="a: 1\n")
    assert at().find("k1", ROLLBACK) is None


@BOTH
def test_an_executor_looks_beyond_the_commits_it_fetched(shop: Deployments, at: At, over: str) -> None:
    plan = at(over, depth=2).plan(DEPLOY, {"version": "1.4.3"})
    first = at(over, depth=2).execute("k1", DEPLOY, {}, plan)
    for number in range(5):
        shop.commit(f"Note {number}", note=f"a: {number}\n")
    assert at("file", depth=2).execute("k1", DEPLOY, {}, plan) == first
    assert at("file", depth=2).find("k1", DEPLOY) == first


@BOTH
def test_two_executors_racing_for_one_key_make_one_commit(shop: Deployments, at: At, over: str) -> None:
    plan = at(over).plan(ROLLBACK, {})
    with ThreadPoolExecutor(6) as pool:
        racing = [pool.submit(at(over).execute, "k1", ROLLBACK, {}, plan) for _ in range(6)]
        done = {future.result() for future in racing}
    assert len(done) == 1
    assert shop.commits_of("k1") == 1


def test_two_runs_racing_for_one_service_do_not_both_happen(shop: Deployments, at: At) -> None:
    plan = at().plan(ROLLBACK, {})
    outcomes: list[str] = []
    gate = threading.Barrier(4)

    def race(key: str) -> None:
        gate.wait()
        try:
            outcomes.append(at().execute(key, ROLLBACK, {}, plan).version)
        except WorldChanged:
            outcomes.append("changed")

    threads = [threading.Thread(target=race, args=(f"k{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["1.4.1", "changed", "changed", "changed"]
    assert len(shop.subjects()) == 5


def test_a_stale_push_is_made_again_on_the_new_head(
    shop: Deployments, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone else's commit lands between reading the branch and pushing."""
    plan = at().plan(ROLLBACK, {})
    head = shop.head()
    other = shop.commit("Payments 2.8.0", services__payments="image: {tag: 2.8.0}\n")
    git(shop.path, "update-ref", "refs/heads/main", head)
    folder = wrapped_git(
        tmp_path / "bin",
        f'if [ "$1" = push ] && mkdir $here/once 2>/dev/null; then '
        f'"$real" -C {shop.path} update-ref refs/heads/main {other}; fi\nexec "$real" "$@"',
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    at().execute("k1", ROLLBACK, {}, plan)
    assert (folder / "once").exists()
    assert shop.subjects()[:2] == ["Roll back checkout from 1.4.2 to 1.4.1", "Payments 2.8.0"]
    assert shop.commits_of("k1") == 1


def test_a_push_whose_answer_was_lost_is_found(
    shop: Deployments, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = at().plan(ROLLBACK, {})
    folder = wrapped_git(
        tmp_path / "bin",
        'if [ "$1" = push ]; then\n  "$real" "$@" >/dev/null 2>&1\n  echo "fatal: the remote end hung up" >&2\n'
        '  exit 128\nfi\nexec "$real" "$@"',
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert at().execute("k1", ROLLBACK, {}, plan).reference == shop.head()
    assert shop.commits_of("k1") == 1


_KILLED = """
import sys, pickle
from bot.connectors.git import executor
repository, dump = sys.argv[1:]
action, plan = pickle.load(open(dump, "rb"))
executor("shop", {"repository": repository}).execute("k1", action, {}, plan)
"""


def test_a_kill_after_any_git_command_neither_loses_nor_doubles_the_commit(
    shop: Deployments, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = at().plan(ROLLBACK, {})
    start = shop.head()
    folder = wrapped_git(
        tmp_path / "bin",
        'echo x >> $here/count\n"$real" "$@"; code=$?\n'
        'if [ "$(wc -l < $here/count)" -eq "$(cat $here/kill_at)" ]; then kill -9 $PPID; fi\nexit $code',
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # what a kill leaves
    (tmp_path / "dump").write_bytes(pickle.dumps((ROLLBACK, plan)))
    killed = 0
    for kill_at in range(1, 40):
        git(shop.path, "update-ref", "refs/heads/main", start)
        (folder / "count").write_text("")
        (folder / "kill_at").write_text(str(kill_at))
        command = [sys.executable, "-c", _KILLED, str(shop.path), str(tmp_path / "dump")]
        code = subprocess.run(command, capture_output=True).returncode
        (folder / "kill_at").write_text("0")
        done = at().execute("k1", ROLLBACK, {}, plan)
        assert shop.commits_of("k1") == 1
        assert done.reference == shop.head()
        if code == 0:
            break
        assert code == -9
        killed += 1
    assert killed > 8
    assert code == 0


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"file": "services/cart.yaml"}, "services/cart.yaml does not exist on branch main"),
        ({"file": "services"}, "services is not a plain file"),
        ({"key": "image.digest"}, "there is no image.digest"),
        ({"key": "limits"}, "limits is not a single value"),
        ({"file": "../etc/passwd"}, "not a path inside the repository"),
        ({"file": "/etc/passwd"}, "not a path inside the repository"),
        ({"key": ""}, "target.key: say which"),
    ],
)
def test_a_wrong_target_is_a_permanent_error_in_words(
    shop: Deployments, at: At, target: dict[str, str], words: str
) -> None:
    with pytest.raises(ConnectorError, match=re.escape(words)) as caught:
        at().plan(replace(ROLLBACK, target={**ROLLBACK.target, **target}), {})
    assert caught.value.permanent


def test_a_symbolic_link_is_not_followed(shop: Deployments, at: At) -> None:
    blob = git(shop.path, "hash-object", "-w", "--stdin", stdin="/etc/passwd")
    git(shop.path, "update-index", "--add", "--cacheinfo", f"120000,{blob},services/checkout.yaml")
    tree = git(shop.path, "write-tree")
    commit = git(shop.path, "commit-tree", tree, "-p", shop.head(), stdin="Link")
    git(shop.path, "update-ref", "refs/heads/main", commit)
    with pytest.raises(ConnectorError, match="not a plain file"):
        at().plan(ROLLBACK, {"version": "1.4.0"})


def test_corrupt_yaml_is_a_permanent_error_with_its_line(shop: Deployments, at: At) -> None:
    shop.commit("Break it", services__checkout="image:\n\ttag: 1\n")
    with pytest.raises(ConnectorError, match=r"services/checkout\.yaml: .*not valid YAML \(line 2\)") as caught:
        at().plan(ROLLBACK, {})
    assert caught.value.permanent


@BOTH
def test_a_missing_branch_is_named(shop: Deployments, at: At, over: str) -> None:
    with pytest.raises(ConnectorError, match="there is no branch prod in") as caught:
        at(over, branch="prod").plan(ROLLBACK, {})
    assert caught.value.permanent


def test_a_missing_repository_is_permanent_and_an_absent_server_is_not(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="there is no such repository") as caught:
        executor("shop", {"repository": str(tmp_path / "no.git")}).plan(ROLLBACK, {})
    assert caught.value.permanent
    with pytest.raises(ConnectorError, match="does not answer") as caught:
        executor("shop", {"repository": "http://127.0.0.1:9/shop.git"}).plan(ROLLBACK, {})
    assert not caught.value.permanent


def test_a_programme_as_repository_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(ConnectorError, match="not allowed"):
        executor("shop", {"repository": f"ext::sh -c 'touch {marker}'"}).plan(ROLLBACK, {})
    assert not marker.exists()


def test_a_server_that_fails_is_tried_again_later(at: At, http_git: HttpGit) -> None:
    http_git.answers = [503]
    with pytest.raises(ConnectorError, match="server has a problem") as caught:
        at("http").plan(ROLLBACK, {})
    assert not caught.value.permanent
    assert at("http").plan(ROLLBACK, {}).after == "1.4.1"


def test_a_server_that_hangs_runs_into_the_timeout(at: At, http_git: HttpGit) -> None:
    http_git.hold_s = 1.5
    with pytest.raises(ConnectorError, match=r"git fetch took longer than 0\.3 s") as caught:
        at("http", timeout_s=0.3).plan(ROLLBACK, {})
    assert not caught.value.permanent


def test_credentials_are_sent_and_never_told(at: At, http_git: HttpGit) -> None:
    http_git.needs = "x-access-token:s3cret-token"
    assert at("http", token="s3cret-token").plan(ROLLBACK, {}).after == "1.4.1"
    with pytest.raises(ConnectorError, match="refuses these credentials") as caught:
        at("http", token="wr0ng-token").plan(ROLLBACK, {})
    assert caught.value.permanent
    url = http_git.url.replace("://", "://ana:pa55word@")
    with pytest.raises(ConnectorError) as second:
        executor("shop", {"repository": url, "branch": "nowhere"}).plan(ROLLBACK, {})
    for error in (caught.value, second.value):
        assert not re.search("wr0ng|pa55word|s3cret", f"{error} {error!r} {error.__cause__}")


def test_a_repository_that_refuses_the_commit_says_so_in_its_own_words(shop: Deployments, at: At) -> None:
    hooks = shop.path / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-receive").write_text("#!/bin/sh\necho main is frozen until Monday >&2\nexit 1\n")
    (hooks / "pre-receive").chmod(0o755)
    with pytest.raises(ConnectorError, match=r"does not accept the commit .*main is frozen until Monday") as caught:
        at().execute("k1", ROLLBACK, {}, at().plan(ROLLBACK, {}))
    assert caught.value.permanent
    assert shop.file() == CHECKOUT.format("1.4.2")


def test_without_git_the_error_says_so(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectorError, match="git is not installed") as caught:
        at().plan(ROLLBACK, {})
    assert caught.value.permanent


def test_the_users_git_configuration_has_no_effect(
    shop: Deployments, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-push").write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    (hooks / "pre-push").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n  hooksPath = {hooks}\n[commit]\n  gpgsign = true\n[user]\n  name = Someone Else\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    at().execute("k1", ROLLBACK, {}, at().plan(ROLLBACK, {}))
    assert not marker.exists()
    assert git(shop.path, "log", "-1", "--format=%an", "main") == "Tocsin"


MODELS = """\
model_config_list {
  config {
    name: 'churn'   # served by TensorFlow Serving
    base_path: '/models/churn'
    model_version_policy { specific { versions: 41 versions: 42 versions: 43 } }
    version_labels { key: 'stable' value: %s }
  }
}
"""
LABEL = "model_config_list.config[name=churn].version_labels[key=stable].value"


def model(kind: ActionKind, key: str = LABEL) -> Action:
    target = {"file": "serving/models.config", "format": "textproto", "key": key}
    return Action(f"{kind}-churn", kind, "churn", "shop", target)


@BOTH
def test_the_label_of_a_model_in_a_text_protobuf_goes_back_by_one_line(shop: Deployments, at: At, over: str) -> None:
    for version in ("41", "42"):
        shop.commit(f"churn {version} is stable", **{"serving__models.config": MODELS % version})
    promote = at(over).plan(model(ActionKind.MODEL_PROMOTE), {"version": "43"})
    assert promote.summary == "churn 42 → 43"
    at(over).execute("k1", model(ActionKind.MODEL_PROMOTE), PEOPLE, promote)
    assert shop.subjects()[0] == "Promote churn 43 (was 42)"
    assert shop.file("serving/models.config") == MODELS % "43"
    back = model(ActionKind.MODEL_ROLLBACK)
    assert at(over).choices(back, "version") == ["42", "41"]
    plan = at(over).plan(back, {})
    assert [line for line in plan.diff.splitlines() if re.match(r"[+-](?![+-])", line)] == [
        "-    version_labels { key: 'stable' value: 43 }",
        "+    version_labels { key: 'stable' value: 42 }",
    ]
    done = at(over).execute("k2", back, PEOPLE, plan)
    assert (done.version, done.previous, at(over).find("k2", back)) == ("42", "43", done)
    assert shop.file("serving/models.config") == MODELS % "42"
    assert shop.subjects()[0] == "Roll back churn from 43 to 42"
    assert "Tocsin-Kind: model_rollback" in shop.body()


def test_the_example_of_the_page_is_this_very_action() -> None:
    page = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
    block = re.search(r"## A model of TensorFlow Serving.*?```toml\n(.*?)```", page, re.DOTALL)
    assert block
    found = tomllib.loads(block[1])["actions"]["rollback-churn"]
    meant = model(ActionKind(found["kind"]))
    assert (found["service"], found["target"]) == (meant.service, meant.target)


def test_a_path_that_fits_nothing_in_a_text_protobuf_is_said(shop: Deployments, at: At) -> None:
    shop.commit("churn", **{"serving__models.config": MODELS % "41"})
    for key, words in (
        (
            "model_config_list.config[name=price].name",
            r"models\.config: there is no model_config_list\.config\[name=price",
        ),
        ("model_config_list.config.model_version_policy.specific.versions", "versions stands 3 times; say which"),
    ):
        with pytest.raises(ConnectorError, match=words):
            at().plan(model(ActionKind.MODEL_PROMOTE, key), {"version": "43"})


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"format": "toml"}, "target.format: 'toml' is none of yaml, textproto"),
        ({"key": "image..tag"}, "target.key: 'image..tag' is not a dotted path like image.tag"),
        ({"format": "textproto", "key": "a[b"}, "target.key: 'a[b' is not a path like"),
        ({"format": "textproto", "key": "a[b=c].d.0"}, ""),
    ],
)
def test_a_target_is_checked_before_anybody_asks(target: dict[str, str], problem: str) -> None:
    found = target_problems(ActionKind.ROLLBACK, {"file": "a.yaml", "key": "image.tag", **target})
    assert [one[: len(problem)] for one in found] == ([problem] if problem else [])


def test_another_kind_of_action_is_refused_with_the_missing_connector(at: At) -> None:
    with pytest.raises(Refused) as caught:
        at().plan(action(ActionKind.RERUN), {})
    assert caught.value.reason == "connector_missing"
