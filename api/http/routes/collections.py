"""Collections: what there is, making one, removing one."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.errors.problems import ServiceError
from api.http.mapping.documents import JsonRoute
from api.http.mapping.public_names import public_model
from api.http.runtime.background.jobs import Jobs
from api.http.runtime.dependencies import KeyDependency, Readable, ServiceDependency, allow
from api.http.runtime.service import Service
from api.http.schemas.common import CollectionIn, CollectionOut, CollectionsOut, Name
from api.keys.key import Key
from api.operations.removal import remove_collection
from binocle.collection.collection import Collection
from binocle.errors import BusyError
from binocle.media.kinds import KINDS
from indexer import kept_uploads

_PATIENCE_S = 10.0
router = APIRouter(tags=["collections"], route_class=JsonRoute)


@router.get("")
async def list_collections(service: ServiceDependency, key: KeyDependency) -> CollectionsOut:
    """List the collections the key may read."""

    def described() -> list[CollectionOut]:
        return [describe(service, name, key) for name in service.names_for(key)]

    return CollectionsOut(collections=await service.storing.run(described))


@router.get("/{name}")
async def get_collection(
    collection: Readable, service: ServiceDependency, name: Name, key: KeyDependency
) -> CollectionOut:
    """Tell what a collection holds."""
    described: CollectionOut = await service.storing.run(describe, service, name, key, collection)
    return described


@router.put("/{name}")
async def put_collection(
    name: Name, service: ServiceDependency, key: KeyDependency, body: CollectionIn | None = None
) -> CollectionOut:
    """Make a collection; one that is there stays as it is, if the model agrees."""
    allow(key, "write", name)
    asked = body.model if body else None
    model = await service.storing.run(service.model_named, asked, key) if asked else None
    own = service.container.aliases.resolve(name)
    exists = own in service.container.collection_names()
    keep_pictures = body is None or body.keep_pictures
    if (
        exists
        and not keep_pictures
        and kept_uploads.keeps_pictures(service.container.own_path(own))
    ):
        detail = f"the collection {name} is there and keeps pictures; make another one"
        raise ServiceError(409, "keeps-pictures", detail, field="keep_pictures")
    if not exists or model is not None:
        make = partial(_make, keep_pictures=keep_pictures)
        await service.storing.run(make, service, name, model or service.container.default_model)
    opened = await service.opened(name)
    described: CollectionOut = await service.storing.run(describe, service, name, key, opened)
    return described


@router.delete("/{name}", status_code=204, response_class=Response)
async def delete_collection(
    name: Name, service: ServiceDependency, key: KeyDependency, request: Request
) -> Response:
    """Remove a collection, ending its jobs; pictures outside the service are never touched.

    One that an alias stands for is not removed.
    """
    allow(key, "write", name)
    with service.container.aliases.removing(name):
        pass  # it is asked again below; jobs of what stays are not ended
    jobs: Jobs = request.app.state.jobs
    working = await jobs.end(name, _PATIENCE_S)
    if working is not None:
        detail = f"the job {working.id} ({working.kind}) has yet to end; try again when it has"
        raise ServiceError(503, "busy", detail)
    await service.storing.run(_remove, service, name)
    jobs.forget(name)
    return Response(status_code=204)


def _make(service: Service, name: str, model: str, *, keep_pictures: bool) -> None:
    space = service.encoder(model).space
    with service.container.open_collection(name, create=True) as collection:
        if not keep_pictures:
            kept_uploads.keep_no_pictures(collection)
        collection.claim_space(space)


def _remove(service: Service, name: str) -> None:
    service.forget(name)
    try:
        remove_collection(service.container, name)
    except BusyError as error:
        detail = "something else writes into the collection; try again when it has ended"
        raise ServiceError(503, "busy", detail) from error


def describe(
    service: Service, name: str, key: Key | None, collection: Collection | None = None
) -> CollectionOut:
    """Return what a collection holds.

    Args:
        service: The application's.
        name: What the client calls it.
        key: The client's; aliases that it is not for are not told.
        collection: The collection, where it is open already.
    """
    collection = collection or service.collection(name)
    own, space = collection.path.name, collection.space
    aliases = service.container.aliases.of(own)
    with collection.reading() as session:
        records = session.records.count()
        parts = session.parts.count()
        changed_at = session.history.changed_at()
    kinds = [kind for kind in KINDS if parts[kind]]
    snapshot = collection.snapshot(kinds)
    return CollectionOut(
        name=name,
        alias_of=own if own != name and (key is None or key.is_for(own)) else None,
        aliases=[one for one in aliases if key is None or key.allows("read", one)],
        model=public_model(space.name) if space else None,
        dimension=space.dimension if space else None,
        records=records,
        parts={kind: parts[kind] for kind in KINDS},
        indices={kind: snapshot.vectors(kind).description for kind in kinds},
        bytes=collection.size_bytes(),
        changed_at=changed_at,
        keeps_pictures=kept_uploads.keeps_pictures(collection.path),
    )
