"""A real moto server whose SageMaker has what moto leaves out, run by an interpreter that has moto. It says its port.

moto 5.2 has no UpdateEndpoint, and what it updates is in service at once. So UpdateEndpoint is added to moto's own
state as AWS documents it, and an update takes until the endpoint has been looked at `LOOKS` times.
"""

import sys
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend as Backend
from moto.sagemaker.responses import SageMakerResponse as Response
from moto.server import ThreadedMotoServer

LOOKS = 2


def _update_endpoint(self: Any) -> ActionResult:
    backend, name = self.sagemaker_backend, self._get_param("EndpointName")
    endpoint, config = backend.endpoints.get(name), self._get_param("EndpointConfigName")
    if endpoint is None:
        raise AWSValidationException(f'Could not find endpoint "{name}".')
    if config not in backend.endpoint_configs:
        raise AWSValidationException(f'Could not find endpoint configuration "{config}".')
    _refuse_while_updating(endpoint)
    variants = backend.endpoint_configs[config].response_object["ProductionVariants"]
    counts = {"DesiredInstanceCount": 2, "CurrentInstanceCount": 0}
    pending = [{"VariantName": one["VariantName"], **counts} for one in variants]
    endpoint.pending_deployment_summary = {"EndpointConfigName": config, "ProductionVariants": pending}
    _begin(endpoint)
    return ActionResult({"EndpointArn": endpoint.arn})


def _refuse_while_updating(endpoint: Any) -> None:
    if endpoint.endpoint_status != "InService":
        raise AWSValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _begin(endpoint: Any) -> None:
    endpoint.endpoint_status, endpoint.looks_left = "Updating", LOOKS


_weights = Backend.update_endpoint_weights_and_capacities
_describe = Backend.describe_endpoint


def _update_weights(self: Any, endpoint_name: str, desired_weights_and_capacities: Any) -> str:
    endpoint = self.endpoints.get(endpoint_name)
    if endpoint is not None:
        _refuse_while_updating(endpoint)
    arn = _weights(self, endpoint_name, desired_weights_and_capacities)
    _begin(self.endpoints[endpoint_name])
    return str(arn)


def _describe_endpoint(self: Any, endpoint_name: str) -> Any:
    endpoint = self.endpoints.get(endpoint_name)
    if endpoint is not None and endpoint.endpoint_status == "Updating":
        if not endpoint.looks_left:
            _end(self, endpoint)
        endpoint.looks_left -= 1
    found = _describe(self, endpoint_name)
    found.pop("LooksLeft", None)
    return found


def _end(backend: Any, endpoint: Any) -> None:
    endpoint.endpoint_status = "InService"
    pending, endpoint.pending_deployment_summary = getattr(endpoint, "pending_deployment_summary", None), None
    if not pending:
        return
    config = backend.endpoint_configs[pending["EndpointConfigName"]].response_object
    if any(one["ModelName"] == "does-not-start" for one in config["ProductionVariants"]):
        endpoint.failure_reason = "The primary container for production variant AllTraffic did not pass the ping check."
        return
    endpoint.endpoint_config_name, endpoint.failure_reason = pending["EndpointConfigName"], None
    endpoint.production_variants = endpoint._process_production_variants(config["ProductionVariants"])


Response.update_endpoint = _update_endpoint
Backend.update_endpoint_weights_and_capacities = _update_weights
Backend.describe_endpoint = _describe_endpoint


if __name__ == "__main__":
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"port {server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    threading.Event().wait()
