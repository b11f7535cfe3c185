"""The tables of today's schema, one module per noun, re-exported here.

A model declares columns, constraints, indexes and properties of one row. Queries belong in the packages beside this one, and
every change of a table also needs a migration (ingest/db/migrations/).
Times are seconds since 1970: whole in columns that the API shows, fractional in those of leases and back-off.
"""

from ingest.db.models.api_key import ApiKey
from ingest.db.models.base import Base
from ingest.db.models.clock_reading import ClockReading
from ingest.db.models.collection import Collection
from ingest.db.models.file import File
from ingest.db.models.file_batch import BatchFile, FileBatch
from ingest.db.models.import_schedule import ImportedFile, ImportResult, ImportSchedule
from ingest.db.models.outage import Outage
from ingest.db.models.point_job import PointJob, PointJobKind
from ingest.db.models.project import Project
from ingest.db.models.reindex_gate import GateState, ReindexGate
from ingest.db.models.reindex_schedule import ReindexSchedule, ReindexScope, ScheduledScope
from ingest.db.models.store_file import StoreFile
from ingest.db.models.tombstone import Tombstone
from ingest.db.models.unclaimed_blob import UnclaimedBlob
from ingest.db.models.upload import Upload, UploadPart, UploadStatus
from ingest.db.models.vector_store import StandbyState, VectorStore
from ingest.db.models.verification import Verification
from ingest.db.models.webhook import WebhookDelivery, WebhookEndpoint
from ingest.db.models.worker import Worker

__all__ = [
    "ApiKey",
    "Base",
    "BatchFile",
    "ClockReading",
    "Collection",
    "File",
    "FileBatch",
    "GateState",
    "ImportResult",
    "ImportSchedule",
    "ImportedFile",
    "Outage",
    "PointJob",
    "PointJobKind",
    "Project",
    "ReindexGate",
    "ReindexSchedule",
    "ReindexScope",
    "ScheduledScope",
    "StandbyState",
    "StoreFile",
    "Tombstone",
    "UnclaimedBlob",
    "Upload",
    "UploadPart",
    "UploadStatus",
    "VectorStore",
    "Verification",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Worker",
]
