"""No test may see the settings of the machine that it runs on: a developer's `.env` has real keys.

Set to nothing rather than removed, since an empty variable also hides what `.env` says; processes
that tests start inherit it.
"""

import os

from pipeline.settings import Settings

os.environ.update({name.upper(): "" for name in Settings.model_fields})
