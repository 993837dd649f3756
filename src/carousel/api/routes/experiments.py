"""What slates are worth, for operators: the figures of `carousel experiments` without a way to the database."""

from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from carousel.api.dependencies import SecretKey, Use
from carousel.api.schemas import PROBLEMS, WorthOut
from carousel.api.threads import BEGIN_SECONDS
from carousel.recommend.query import Placement
from carousel.recommend.worth import Worth, worth
from carousel.storage.postgres import connect

router = APIRouter(prefix="/v1", tags=["operators"], responses=PROBLEMS, dependencies=[SecretKey])


@router.get("/experiments", operation_id="experiments", response_model=WorthOut)
async def experiments(
    use: Use,
    days: Annotated[int, Query(ge=1, le=3_650, description="How far back.")] = 14,
    placement: Annotated[Placement | None, Query(description="Only this placement.")] = None,
) -> Response:
    """Click and contact rates per placement and row with 95% intervals, and the variants of experiments compared."""

    def read(begin: Callable[[], None]) -> Worth:
        with connect(str(use.settings.database_url), timeout=int(BEGIN_SECONDS)) as connection:
            begin()
            return worth(connection, days=days, placement=placement)

    found = await use.exporting.run(read)
    return Response(orjson.dumps(found.as_json()), media_type="application/json")
