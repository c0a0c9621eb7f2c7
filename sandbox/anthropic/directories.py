"""An organization, and the Console's directories: people, keys, workspaces, service accounts."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request

from sandbox.anthropic.errors import forbidden
from sandbox.anthropic.paging import BY_ID, by_id, by_page
from sandbox.anthropic.parameters import check_parameters
from sandbox.anthropic.state import State
from sandbox.anthropic.times import stamp
from sandbox.company import ApiKey, Workspace


def me(state: State, organization: str, request: Request) -> dict[str, Any]:
    """The organization of the key."""
    check_parameters(request, ())
    name = f"Sandbox {organization}"
    return {"id": state.organization_id(organization), "type": "organization", "name": name}


def users(state: State, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    """People in the Console; whoever has left is no longer listed."""
    check_parameters(request, BY_ID)
    return by_id(
        request,
        [
            {
                "id": person.claude_user_id,
                "type": "user",
                "email": person.claude_email,
                "name": person.name,
                "role": "admin" if person.index == 0 else "developer",
                "added_at": stamp(person.start),
            }
            for person in state.sandbox.company.people
            if person.in_console and person.present_on(state.sandbox.today)
        ],
    )


def api_keys(state: State, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    """Keys, with who they act for and who created them."""
    check_parameters(request, BY_ID)
    return by_id(request, [_key(key) for key in state.sandbox.company.keys if key.listed])


def _key(key: ApiKey) -> dict[str, Any]:
    principal = None
    if key.principal is not None:
        kind, identifier = key.principal
        field = "user_id" if kind == "user_actor" else "service_account_id"
        principal = {"type": kind, field: identifier}
    created_by = None
    if key.created_by is not None:
        kind, identifier = key.created_by
        created_by = {"id": identifier, "type": kind}
    return {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "created_at": stamp(key.created),
        "created_by": created_by,
        "principal": principal,
        "scope": {"type": "workspace", "workspace_id": key.workspace_id},
        "workspace_id": key.workspace_id,
        "status": key.status,
        "expires_at": None,
        "partial_key_hint": f"sk-ant-api03-{key.id[-7:-4]}...{key.id[-4:]}",
    }


def workspaces(state: State, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    """Workspaces; the default and archived ones only if asked for."""
    check_parameters(request, (*BY_ID, "include_archived", "include_default"))
    archived = request.query_params.get("include_archived") == "true"
    default = request.query_params.get("include_default") == "true"
    shown = [
        workspace
        for workspace in state.sandbox.company.workspaces
        if (default or not workspace.is_default)
        and (archived or workspace.archived is None or workspace.archived > state.sandbox.today)
    ]
    return by_id(request, [_workspace(state, workspace) for workspace in shown])


def _workspace(state: State, workspace: Workspace) -> dict[str, Any]:
    is_archived = workspace.archived is not None and workspace.archived <= state.sandbox.today
    return {
        "id": workspace.id,
        "type": "workspace",
        "name": workspace.name,
        "created_at": stamp(workspace.created),
        "archived_at": stamp(workspace.archived) if is_archived and workspace.archived else None,
        "compartment_id": str(uuid.uuid5(uuid.NAMESPACE_URL, workspace.id)),
        "data_residency": {
            "allowed_inference_geos": "unrestricted",
            "default_inference_geo": "global",
            "workspace_geo": "us",
        },
        "display_color": "#6C5BB9",
        "external_key_id": None,
        "tags": dict(workspace.tags),
    }


def service_accounts(state: State, organization: str, request: Request) -> dict[str, Any]:  # noqa: ARG001
    """Identities without a person, if the Admin key may read them."""
    if not state.service_accounts_readable:
        raise forbidden("This API key may not read service accounts.")
    check_parameters(request, ("limit", "page", "include_archived"))
    return by_page(
        request,
        20,
        [
            {
                "id": account.id,
                "type": "service_account",
                "name": account.name,
                "description": account.description,
                "organization_role": "developer",
                "created_at": stamp(account.created),
                "created_by_actor_id": state.sandbox.company.people[0].claude_user_id,
                "updated_at": stamp(account.created),
                "updated_by_actor_id": None,
                "archived_at": None,
                "archived_by_actor_id": None,
            }
            for account in state.sandbox.company.service_accounts
        ],
    )
