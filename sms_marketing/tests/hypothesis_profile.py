"""How property tests run: no limit of time on an example, as machines differ; no files kept."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "sms_marketing",
    database=None,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        # Odoo rolls back after each test, and the tests after each example where it matters.
        HealthCheck.function_scoped_fixture,
    ],
)
settings.load_profile("sms_marketing")
