"""Workers that begin a run of a program, the Nth of them killed (-9) at its Nth step that touches the system: argv is
the name of the bench, a folder and the key. Each acts in a folder of its own, named N; the last one is the first that
had no such step. Says their number."""

import os
import signal
import sys
from pathlib import Path

from tests.connectors.bench_programs import action_of, executor_of

STEPS_MAX = 30
_WATCHED = ("os.mkdir", "os.rename", "subprocess.Popen", "os.posix_spawn", "fcntl.flock", "open")


def main(name: str, folder: Path, key: str) -> None:
    for step in range(STEPS_MAX):
        own = folder / str(step)
        own.mkdir()
        child = os.fork()
        if not child:
            _work(name, own, key, step)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            os.write(1, str(step + 1).encode())
            return


def _work(name: str, folder: Path, key: str, at: int) -> None:
    executor, (action, parameters) = executor_of(name, folder), action_of(name)
    plan = executor.plan(action, parameters)
    steps = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event in _WATCHED and (event != "open" or str(folder) in str(arguments[0])):
            if steps == at:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1

    sys.addaudithook(watch)
    executor.execute(key, action, parameters, plan)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
