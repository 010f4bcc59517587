"""Plain values go in, tokens, masks and seals come out: one Arrow UDF a dataset, inside tasks.

This module is imported in tasks: it knows no channels, only steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from model.errors import OnefoldError
from privacy.tokens import once_each


class TaskError(OnefoldError):
    """A task's failure told by class and step only: Spark would print the rows it worked on."""


@dataclass(frozen=True)
class Step:
    """One protected output: the plain column it is made from, and the function of arrays that makes
    it: one result a value, null of null.

    `make` gives the function, in the task, since keyed hashes and ciphers do not travel.
    """

    source: str
    output: str
    type: str
    make: Callable[[], Callable[[pa.Array], pa.Array]]


def protected(steps: Sequence[Step]) -> Column:
    """One struct with the output of every step.

    An Arrow UDF, since Spark's built-ins know no keyed token and no AES-SIV; only the columns that
    need it travel, and the keys stay in its closure.
    """
    sources = list(dict.fromkeys(step.source for step in steps))
    places = {source: place for place, source in enumerate(sources)}
    names = [step.output for step in steps]

    def protect(*columns: pa.Array) -> pa.Array:
        try:
            arrays = [once_each(step.make(), columns[places[step.source]]) for step in steps]
        except Exception as error:  # a library's message could carry the value
            raise TaskError(f"{type(error).__name__} while protecting values") from None
        return pa.StructArray.from_arrays(arrays, names)

    returns = ", ".join(f"`{step.output}` {step.type}" for step in steps)
    # It imports pandas, and tasks that need no such column import this module.
    from pyspark.sql.pandas.functions import arrow_udf  # noqa: PLC0415

    # Spark reads the kind of UDF off the annotations; its own stubs do not know that.
    function = arrow_udf(protect, f"struct<{returns}>")  # type: ignore[call-overload]
    column: Column = function(*map(F.col, sources))
    return column
