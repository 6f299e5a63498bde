"""/v1/fine_tuning/alpha/graders"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rft import graders
from rft.config import Settings
from rft.errors import RftError, UserError
from rft.graders.spec import LocalGrader, leaves
from rft.local.api.errors import ApiError
from rft.local.api.service import Service, json_body, service_of
from rft.local.contract import GraderBody, GraderRunBody, parsed
from rft.project.loader import open_grader
from rft.records import Sample


def read_spec(data: dict[str, Any], settings: Settings) -> graders.Spec:
    """The grader that was sent; ApiError 400 if the platform would refuse it.

    A local grader runs unguarded, so it is taken only if the project's own grader has the same.
    """
    try:
        spec = graders.parse_spec(data)
        if problems := graders.problems(spec):
            raise UserError(f"grader: {problems[0]}")
        if (sources := _local_sources(spec)) and not sources <= _local_sources(
            graders.load_spec(settings.path(settings.task.grader))
        ):
            raise UserError(
                "grader: a grader of type local runs without a guard, so it is accepted only with "
                "the source of the project that the service serves; send the grader without it."
            )
        if (why := graders.needs_judge(spec)) and settings.judge is None:
            raise UserError(
                f"grader: it needs a judge ({why}) and the service has none; add [judge] to "
                "rft.toml and start the service again."
            )
    except UserError as error:
        raise ApiError(400, str(error), param="grader", code="invalid_grader") from None
    return spec


def _local_sources(spec: graders.Spec) -> set[str]:
    return {leaf.source for leaf in leaves(spec).values() if isinstance(leaf, LocalGrader)}


async def validate(request: Request) -> Response:
    """POST /validate: the grader comes back if it is one."""
    body = parsed(GraderBody, await json_body(request))
    await run_in_threadpool(read_spec, body.grader, service_of(request).settings)
    return JSONResponse({"grader": body.grader})


async def run(request: Request) -> Response:
    """POST /run: one grading, in a worker process of its own."""
    body = parsed(GraderRunBody, await json_body(request))
    service = service_of(request)
    async with service.gradings:
        return JSONResponse(await run_in_threadpool(_graded, body, service))


def _graded(body: GraderRunBody, service: Service) -> dict[str, Any]:
    spec = read_spec(body.grader, service.settings)
    sample = Sample(output_text=body.model_sample).for_grader()
    try:
        with open_grader(service.settings, spec, workers=1) as grader:
            answer = graders.response(spec, grader.grade(sample, body.item))
    except UserError as error:
        raise ApiError(400, str(error), param="item", code="invalid_value") from None
    except RftError as error:
        raise ApiError(502, str(error), code="grader_unavailable") from None
    # The contract's reward is a number: the error flags say that this 0 is no verdict.
    return answer | {"reward": answer["reward"] or 0.0}
