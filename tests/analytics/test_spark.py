"""Boards on Spark: the same expressions over the exported files, equal to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import pytest

from caseflow.analytics.boards import figures_of
from caseflow.analytics.measures import MEASURES
from caseflow.analytics.office_board import office_year
from caseflow.analytics.table_export import compact_tables, export_tables
from caseflow.analytics.table_schemas import TABLES
from caseflow.ports import Store
from tests.analytics.stores import EVER, WAYS, backend_of, city, leaders

pytestmark = pytest.mark.skipif(
    find_spec("pyspark") is None, reason="pyspark is not installed; `make spark` installs it and runs this"
)


@pytest.fixture
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    yield session
    session.stop()


def test_spark_gives_the_same_figures(tmp_path: Path, session: Any) -> None:
    """Every measure, by everything that rows can be of, in two zones that have nothing to say of it."""
    spark, duckdb = ibis.pyspark.connect(session), backend_of(city())
    read(spark, city(), tmp_path / "city")
    for zone, by in zip(("America/New_York", *["UTC"] * len(WAYS)), WAYS, strict=False):
        session.conf.set("spark.sql.session.timeZone", zone)
        expected = figures_of(duckdb, MEASURES.values(), EVER, by=by)
        assert figures_of(spark, MEASURES.values(), EVER, by=by) == expected and expected
    store, offices = leaders()
    read(spark, store, tmp_path / "leaders")
    assert office_year(spark, offices, 2010) == office_year(backend_of(store), offices, 2010)


def read(spark: Any, store: Store, folder: Path) -> None:
    """Give Spark the tables of a store as an export leaves them."""
    export_tables(store, folder)
    manifest = compact_tables(folder)
    for name in TABLES:
        (file,) = manifest.of(name)
        spark.read_parquet(folder / file.path, table_name=name)
