"""Does anything that fits /openapi.json, or nearly does, bring Tocsin down? Schemathesis says.

    pip install schemathesis                 (in an environment of its own: it is heavy)
    python -m tests.benchmarks.openapi PATH_TO_ST [EXAMPLES]

Runs `st run` over a real server on a loopback port, and gives its exit code.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.clients.conftest import Tocsin

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = "40"


def main() -> int:
    program = str(Path(sys.argv[1]).absolute())
    examples = sys.argv[2] if len(sys.argv) > 2 else EXAMPLES
    with tempfile.TemporaryDirectory() as folder, Tocsin(f"sqlite:///{Path(folder)}/tocsin.db").running() as tocsin:
        command = [program, "run", f"{tocsin.url}/openapi.json", "--url", tocsin.url, "--checks", CHECKS]
        command += ["--max-examples", examples, "--header", "Authorization: Bearer t0ken", "--continue-on-failure"]
        return subprocess.run(command, check=False, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
