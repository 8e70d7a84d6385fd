"""Fields: what metadata there is, of which types; declaring types."""

from fastapi import APIRouter

from api.http.mapping.documents import JsonRoute
from api.http.runtime.dependencies import Readable, Writable
from api.http.schemas.fields import FieldOut, SchemaIn, SchemaOut
from binocle.collection.collection import Collection

router = APIRouter(tags=["fields"], route_class=JsonRoute)


@router.get("/{name}/schema")
def get_schema(collection: Readable) -> SchemaOut:
    """Tell which metadata fields there are: type, how many records have them, examples."""
    return _described(collection)


@router.put("/{name}/schema")
def put_schema(collection: Writable, body: SchemaIn) -> SchemaOut:
    """Declare types of metadata fields, for records there are and those to come."""
    collection.declare(body.fields)
    return _described(collection)


def _described(collection: Collection) -> SchemaOut:
    return SchemaOut(
        fields=[
            FieldOut(
                name=one.name,
                type=one.type,
                declared=one.declared,
                records=one.records,
                examples=list(one.examples),
            )
            for one in collection.fields()
        ]
    )
