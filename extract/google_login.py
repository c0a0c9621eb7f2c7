"""Google's default credentials, for all that is read from Google over REST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests
from google.auth import impersonated_credentials

from extract.http import Session, TransientError, UnreadableError, VendorError
from foundation.fields import GoogleCredentials
from foundation.retrying import with_retries

IAM_SCOPE = "https://www.googleapis.com/auth/iam"


def credentials(
    settings: GoogleCredentials, scopes: Sequence[str], *, may: str, subject: str | None = None
) -> Any:  # noqa: ANN401 - google-auth is not typed
    """Credentials with these scopes, on behalf of the person `subject` if there is one; `may` says
    in words what they have to allow. Raises VendorError."""
    settings.tell_google()
    try:
        found, _ = google.auth.default(scopes=list(scopes))
    except (google.auth.exceptions.GoogleAuthError, ValueError) as error:
        raise VendorError(
            f"no usable Google credentials ({type(error).__name__})",
            advice="set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account that "
            f"may {may}",
        ) from None
    return found if subject is None else _on_behalf_of(subject, found, scopes)


def _on_behalf_of(subject: str, found: Any, scopes: Sequence[str]) -> Any:  # noqa: ANN401
    """With a key file the account signs for itself; without one, as with workload identity, the
    IAM Credentials API signs for it."""
    if hasattr(found, "with_subject"):
        return found.with_subject(subject)
    account = getattr(found, "service_account_email", None)
    if not account or account == "default":
        raise VendorError(
            f"these Google credentials name no service account that could act for {subject}",
            advice="set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account with "
            "domain-wide delegation, or to a workload identity that impersonates one",
        )
    # Made with google.auth.default, so that they have the scope that IAM asks for.
    source, _ = google.auth.default(scopes=[IAM_SCOPE])
    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        source_credentials=source,
        target_principal=account,
        target_scopes=list(scopes),
        subject=subject,
    )


def refresh(credentials: Any, *, advice: str) -> None:  # noqa: ANN401
    """Get a new token, which lasts an hour. Raises VendorError with this advice."""
    with_retries(lambda: _refresh(credentials, advice))


def _refresh(credentials: Any, advice: str) -> None:  # noqa: ANN401
    try:
        credentials.refresh(google.auth.transport.requests.Request(Session()))
    except google.auth.exceptions.TransportError as error:
        raise TransientError(f"no complete answer ({type(error).__name__})") from None
    except google.auth.exceptions.GoogleAuthError as error:
        message = f"Google refuses the credentials: {error}"
        # The account may not act for that person, or not with these scopes.
        is_not_allowed = "unauthorized_client" in str(error)
        kind = UnreadableError if is_not_allowed else VendorError
        raise kind(message, advice=advice) from None
