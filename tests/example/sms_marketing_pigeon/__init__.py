from . import gateway, models
