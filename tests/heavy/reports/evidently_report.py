"""A real Evidently looks for drift, in data of which one column has drifted, and tells it as docs/sources.md says.

evidently_report.py EXAMPLE
"""

import sys
from pathlib import Path

import httpx
import numpy
import pandas
from evidently import Report
from evidently.presets import DataDriftPreset

rng = numpy.random.default_rng(7)
reference = pandas.DataFrame({"age": rng.normal(40, 9, 500), "amount": rng.normal(20, 5, 500)})
current = pandas.DataFrame({"age": rng.normal(40, 9, 500), "amount": rng.normal(45, 5, 500)})
given = {"Report": Report, "DataDriftPreset": DataDriftPreset, "httpx": httpx}
exec(Path(sys.argv[1]).read_text(), {**given, "current": current, "reference": reference})
