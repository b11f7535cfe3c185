"""ZIP archives attached to mails: their members are read like attachments."""

import io
import zipfile
import zlib

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.nested import add_nested

_MAX_MEMBERS = 200
_MAX_UNPACKED_BYTES = 128 * 2**20
_MAX_DEPTH = 2
_ENCRYPTED_FLAG = 1
_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def add_zip(builder: TextBuilder, data: bytes, name: str, depth: int = 1) -> bool:
    """Add the members of an archive under its name and theirs, and return whether the data is an archive.

    Members beyond the bounds, and encrypted and damaged ones, are warnings.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _ERRORS:
        return False
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        unpacked = 0
        for member in members[:_MAX_MEMBERS]:
            unpacked += member.file_size
            if unpacked > _MAX_UNPACKED_BYTES:
                _warn(builder, f"The archive would grow to more than {_MAX_UNPACKED_BYTES // 2**20} MiB.", name)
                break
            _add_member(builder, archive, member, f"{name}/{member.filename}", depth)
        if len(members) > _MAX_MEMBERS:
            _warn(builder, f"Only the first {_MAX_MEMBERS} of {len(members)} files in the archive were read.", name)
    return True


def _add_member(builder: TextBuilder, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, depth: int) -> None:
    if member.flag_bits & _ENCRYPTED_FLAG:
        _warn(builder, "A file in the archive is encrypted.", name)
        return
    try:
        data = archive.read(member)
    except _ERRORS:
        _warn(builder, "A file in the archive is damaged.", name)
        return
    if name.lower().endswith(".zip") and depth < _MAX_DEPTH and add_zip(builder, data, name, depth + 1):
        return
    add_nested(builder, data, name)


def _warn(builder: TextBuilder, message: str, name: str) -> None:
    builder.report.count("attachment", "not_read")
    builder.report.warn("attachment_not_read", message, f"attachment {name}")
