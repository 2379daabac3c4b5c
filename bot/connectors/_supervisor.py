"""Who watches over a program when the worker that started it may go? This file, as a process of its own.

It is given a folder with `order.json` (argv, cwd, timeout_s). It takes the folder for itself by a lock that the system
drops when it dies, and writes down that it did: so the same order given twice is carried out once. The program's output
goes to `log`, how it ended to `result.json`. On SIGTERM it ends the program with everything that it started. It imports
nothing of Tocsin's.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

CLAIM, LOG, ORDER, RESULT = "claim", "log", "order.json", "result.json"
GRACE_S = 10


def main(folder: Path) -> None:
    claim = os.open(folder / CLAIM, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if os.read(claim, 1):
        return
    os.write(claim, str(os.getpid()).encode())
    os.fsync(claim)
    made = folder / f"{RESULT}.new"
    made.write_text(
        json.dumps(_run(folder, json.loads((folder / ORDER).read_text(encoding="utf-8")))), encoding="utf-8"
    )
    made.replace(folder / RESULT)


def _run(folder: Path, order: dict[str, object]) -> dict[str, object]:
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    with (folder / LOG).open("ab") as log:
        try:
            process = subprocess.Popen(
                [str(argument) for argument in order["argv"]],  # type: ignore[attr-defined]
                cwd=str(order["cwd"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return {"code": 127, "stopped": False, "problem": f"it cannot be run: {error.strerror}"}
        try:
            signal.signal(signal.SIGTERM, stop)
            code = process.wait(float(str(order["timeout_s"])))
            return {"code": code, "stopped": False, "problem": ""}
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            problem = "it was stopped" if stopped else f"it took longer than {order['timeout_s']} s and was ended"
            return {"code": _ended(process), "stopped": bool(stopped), "problem": problem}
        finally:
            _signal(process, signal.SIGKILL)


def _ended(process: "subprocess.Popen[bytes]") -> int:
    _signal(process, signal.SIGTERM)
    try:
        return process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        return process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
