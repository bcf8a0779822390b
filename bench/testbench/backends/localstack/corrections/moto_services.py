"""DynamoDB, Glue and Athena by moto, which LocalStack 2026.3.0 brings along.

Its own DynamoDB downloads a Java runtime and a server at first use; Glue and Athena are not in the open edition.
"""

import importlib
from collections.abc import Callable
from typing import Any

from testbench.backends import hooks

SERVICES = ("dynamodb", "glue", "athena")


def apply() -> None:
    """Have every operation of these services answered by moto, and the operations of Athena that moto lacks by us."""
    plugins = importlib.import_module("localstack.services.plugins")
    moto = importlib.import_module("localstack.services.moto")
    spec = importlib.import_module("localstack.aws.spec")
    skeleton = importlib.import_module("localstack.aws.skeleton")
    hooks.expected(moto, "_proxy_moto", "context", "request")
    hooks.expected(skeleton.Skeleton, "__init__", "self", "service", "implementation")
    missing = {"athena": {"DeleteNamedQuery": _delete_named_query, "ListTagsForResource": _list_tags}}

    def service(name: str) -> Any:
        model = spec.load_service(name)
        operations = dict.fromkeys(model.operation_names, moto._proxy_moto) | missing.get(name, {})
        return plugins.Service(name, skeleton=skeleton.Skeleton(model, operations))

    def known(original: Callable[..., Any], manager: Any) -> Any:
        return original(manager) | {name: ["default"] for name in SERVICES}

    def load(original: Callable[..., Any], manager: Any, name: str) -> Any:
        if name not in SERVICES:
            return original(manager, name)
        plugin = plugins.ServicePluginAdapter(name, lambda: service(name))
        plugin.load()
        return plugin

    hooks.wrap(plugins.ServicePluginManager, "_resolve_api_provider_specs", ("self",), known)
    hooks.wrap(plugins.ServicePluginManager, "_load_service_plugin", ("self", "name"), load)


def _athena(context: Any) -> Any:
    return importlib.import_module("moto.backends").get_backend("athena")[context.account_id][context.region]


def _delete_named_query(context: Any, request: Any) -> dict[str, Any]:
    _athena(context).named_queries.pop(request["NamedQueryId"], None)
    return {}


def _list_tags(context: Any, request: Any) -> dict[str, Any]:
    """Also where there are none, which moto takes for an error."""
    tags: dict[str, Any] = _athena(context).tagger.list_tags_for_resource(request["ResourceARN"])
    return tags
