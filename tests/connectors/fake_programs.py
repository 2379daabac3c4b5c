"""Programs that behave like dbt, papermill and ansible-playbook as far as Tocsin looks: their arguments, their output
(taken from dbt 1.11, papermill 2.7 and ansible-core 2.19), the files they write. Each notes in `effects` what it
really did, waits while `hold` is there, and fails when `broken` is."""

import stat
import sys
from pathlib import Path

_COMMON = """#!{python} -I
import json, sys, time
from pathlib import Path
here, argv = Path({here!r}), sys.argv[1:]

def work(what):
    with (here / "effects").open("a") as out:
        out.write(what + "\\n")
    while (here / "hold").exists():
        time.sleep(0.02)
    return (here / "broken").exists()
"""
_DBT = """
def say(message, **data):
    print(json.dumps({"data": data, "info": {"level": "info", "msg": message}}), flush=True)

if "ls" in argv:
    print("a\\nb\\nc")
    sys.exit(0)
say("Running with dbt=1.11.16", version="=1.11.16")
say("1 of 3 START sql table model main.a", index=1, total=3)
say("1 of 3 OK created sql table model main.a", index=1, total=3, execution_time=0.4, status="OK")
is_broken = work(" ".join(argv))
word = "Conversion Error: Could not convert string 'x' to INT32"
if is_broken:
    say("  Runtime Error in model b (models/b.sql)\\n  " + word)
say("Done. PASS=1 WARN=0 ERROR=1 SKIP=1 NO-OP=0 TOTAL=3" if is_broken else "Done. PASS=3 WARN=0 ERROR=0 TOTAL=3")
sys.exit(is_broken)
"""
_PAPERMILL = """
source, out = argv[:2]
book = json.loads(Path(source).read_text())
given = {argv[i + 1]: argv[i + 2] for i, word in enumerate(argv) if word == "-p"}
for cell in book["cells"]:
    cell["metadata"]["papermill"] = {"status": "pending"}
Path(out).write_text(json.dumps(book))
is_broken = work(json.dumps(given, sort_keys=True))
for cell in book["cells"]:
    cell["metadata"]["papermill"]["status"] = "completed"
last = book["cells"][-1]
if is_broken:
    last["metadata"]["papermill"]["status"] = "failed"
    last["outputs"] = [{"output_type": "error", "ename": "ValueError", "evalue": "no rows for " + given.get("day", "")}]
else:
    text = ["forecast for " + given.get("day", "") + " written\\n"]
    last["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
Path(out).write_text(json.dumps(book))
sys.exit(is_broken)
"""
_ANSIBLE = """
given = Path(argv[argv.index("--extra-vars") + 1][1:]).read_text()
is_check = "--check" in argv
print("\\nPLAY [all] *********************\\n\\nTASK [Gathering] ***************\\nok: [localhost]\\n")
print("TASK [Write the version] *******", flush=True)
if is_check:
    print("--- before: /etc/version\\n+++ after: /etc/version\\n@@ -1 +1 @@\\n-1.4.1\\n+1.4.2\\n")
print("changed: [localhost]", flush=True)
is_broken = not is_check and work(given.splitlines()[1])
if is_broken:
    print('fatal: [localhost]: FAILED! => {"changed": false, "msg": "the cache refused it"}')
print("\\nPLAY RECAP *********************")
print("localhost                  : ok=2    changed=1    unreachable=0    failed=%d    skipped=0" % is_broken)
sys.exit(2 if is_broken else 0)
"""
PROGRAMS = {"dbt": _DBT, "papermill": _PAPERMILL, "ansible-playbook": _ANSIBLE}


def program(name: str, here: Path) -> Path:
    """The program, whose world is the folder."""
    path = here / name
    path.write_text(_COMMON.format(python=sys.executable, here=str(here)) + PROGRAMS[name])
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def effects(here: Path) -> list[str]:
    file = here / "effects"
    return file.read_text().splitlines() if file.exists() else []
