"""Values of form fields, which pdfium leaves out of the text of a page (ISO 32000-2, 12.7)."""

from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.pdf.strings import one_line, read_string

_MAX_OPTIONS = 2_000
_BUTTONS = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_CHOICES = (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_CHECKED = "Yes"
_NAMES_OF_CHECKED = frozenset({"on", "yes", "true", "1", "checked"})


def read_field(form: Any, widget: Any) -> str | None:
    """Return "question: value" of a filled field. A checked box without a name for its value has the value "Yes"."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, widget)
    if kind == pdfium.FPDF_FORMFIELD_TEXTFIELD:
        value = read_string(pdfium.FPDFAnnot_GetFormFieldValue, form, widget)
    elif kind in _CHOICES:
        value = ", ".join(_chosen(form, widget)) or read_string(pdfium.FPDFAnnot_GetFormFieldValue, form, widget)
    elif kind in _BUTTONS and pdfium.FPDFAnnot_IsChecked(form, widget):
        value = one_line(read_string(pdfium.FPDFAnnot_GetFormFieldExportValue, form, widget))
        if not value or (kind == pdfium.FPDF_FORMFIELD_CHECKBOX and value.casefold() in _NAMES_OF_CHECKED):
            value = _CHECKED
    else:
        return None
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return f"{_question(form, widget)}: {value}" if value else None


def _question(form: Any, widget: Any) -> str:
    """Return the name of a field that its reader sees, else the one that programs use."""
    name = one_line(read_string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, widget))
    return name or one_line(read_string(pdfium.FPDFAnnot_GetFormFieldName, form, widget))


def _chosen(form: Any, widget: Any) -> Iterator[str]:
    """Yield the labels of the chosen options. The value of a field has only their export names."""
    count = min(max(0, pdfium.FPDFAnnot_GetOptionCount(form, widget)), _MAX_OPTIONS)
    for index in range(count):
        if pdfium.FPDFAnnot_IsOptionSelected(form, widget, index):
            yield one_line(read_string(pdfium.FPDFAnnot_GetOptionLabel, form, widget, index))
