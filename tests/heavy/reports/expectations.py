"""A real Great Expectations checks a table of which one value is wrong, and tells it as docs/sources.md says.

expectations.py EXAMPLE
"""

import sys
from pathlib import Path

import great_expectations as gx
import pandas
import requests

context = gx.get_context(mode="ephemeral")
frame = pandas.DataFrame({"id": [1, 2, 3, 4], "amount": [10.0, 12.5, None, 9.0]})
asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset("orders")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite("orders"))
suite.add_expectation(gx.expectations.ExpectColumnValuesToBeUnique(column="id"))
suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column="amount"))
definition = context.validation_definitions.add(gx.ValidationDefinition(name="orders", data=batch, suite=suite))


class Checkpoint:
    """A checkpoint is run with the frame that it checks; the example's has none of its own to name."""

    def run(self) -> object:
        made = context.checkpoints.add(gx.Checkpoint(name="orders", validation_definitions=[definition]))
        return made.run(batch_parameters={"dataframe": frame})


exec(Path(sys.argv[1]).read_text(), {"checkpoint": Checkpoint(), "requests": requests})
