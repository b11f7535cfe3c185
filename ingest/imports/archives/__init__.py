"""Archives on local disks (zip and tar), whose members an import uploads as files of their own.

The address of a member is the archive's real path, a slash, and the member's path: /docs/reports.zip/2024/march.pdf.
"""

from ingest.imports.archives.addresses import is_archive_name, split_address
from ingest.imports.archives.listing import Member, MemberProblem, list_members
from ingest.imports.archives.reader import ArchiveReader

__all__ = ["ArchiveReader", "Member", "MemberProblem", "is_archive_name", "list_members", "split_address"]
