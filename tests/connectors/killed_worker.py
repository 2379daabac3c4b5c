"""A worker that begins a run of a program and is killed (-9) at its Nth step that touches the system: argv is the
name of the bench, its folder, the key, N. It says "survived" when it had no such step."""

import os
import signal
import sys
from pathlib import Path

from tests.connectors.bench_programs import action_of, executor_of

_WATCHED = ("os.mkdir", "os.rename", "subprocess.Popen", "os.posix_spawn", "fcntl.flock", "open")


def main(name: str, folder: Path, key: str, at: int) -> None:
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
    os.write(1, b"survived")
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
