"""Workbooks and CSV files."""

import csv
import re
from io import BytesIO, StringIO

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from formats.archive import settle
from formats.sample import Sample
from formats.slides import by_heading

_NUMBER = re.compile(r"-?\d+")


def write_workbook(sample: Sample) -> bytes:
    """An .xlsx in which every heading of the first level starts a sheet, texts and tables below each other; whole numbers are numbers."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title, book.properties.creator = sample.title, "Ben Sen Co-operative"
    for title, blocks in by_heading(sample.blocks):
        sheet = book.create_sheet(title)
        for block in blocks:
            for n, row in enumerate(block.rows or ((block.text,),)):
                sheet.append([int(cell) if _NUMBER.fullmatch(cell) else cell for cell in row])
                if block.kind == "table" and n == 0:
                    for cell in sheet[sheet.max_row]:
                        cell.font = Font(bold=True)
        sheet.column_dimensions["A"].width = 34
    file = BytesIO()
    book.save(file)
    return settle(file.getvalue())


def write_csv(sample: Sample) -> bytes:
    """A .csv in UTF-8 with the cells of the sample's only table."""
    (table,) = (block for block in sample.blocks if block.kind == "table")
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows(table.rows)
    return file.getvalue().encode()
