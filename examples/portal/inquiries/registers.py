"""The bureaus and the leaders' offices: what a case can be given to."""

from django.conf import settings

from caseflow import load_units
from caseflow.offices.office_register import load_offices
from caseflow.policies.unit_register import ListedUnits

offices = load_offices(settings.DATA / "offices.toml")
bureaus = load_units(settings.DATA / "units.toml")
units = ListedUnits([*bureaus, *offices])
"""Both, for the desk."""
