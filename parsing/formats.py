"""What is kept of each format, what is left out, and what has to be installed: the source of docs/formats.md."""

from typing import NamedTuple


class Format(NamedTuple):
    """One format or a few alike. `counted_by` is the second reader that coverage is measured with."""

    names: tuple[str, ...]
    title: str
    kept: str
    left_out: str
    counted_by: str
    needs: str = ""


FORMATS = (
    Format(
        ("txt",),
        "plain text",
        "paragraphs, list items, titles by their looks",
        "nothing",
        "the decoded text",
    ),
    Format(
        ("md",),
        "Markdown",
        "headings with their levels, as wikis write them too, lists, tables, code, tags that no HTML knows",
        "comments",
        "another implementation (markdown-it)",
    ),
    Format(
        ("html",),
        "web page",
        "headings, lists, tables with captions, code, folded sections, forms' words, captions of figures",
        "scripts, navigation, headers and footers beside a `main` part, dialogs, form controls, what `del` strikes out, drawings",
        "the standard library's parser",
    ),
    Format(
        ("xml",),
        "XML of an unknown vocabulary",
        "the text of each innermost element; XHTML as HTML",
        "attributes, comments, external entities",
        "all text nodes",
    ),
    Format(("json",), "JSON and lines of JSON", "each record or member as an element, its values after their names", "nulls", "all values"),
    Format(("csv",), "CSV and TSV", "one table, ragged rows too; the delimiter is found", "empty rows", "the decoded text"),
    Format(
        ("docx",),
        "Word",
        "headings by style, lists, tables, headers and footers, notes, text boxes, descriptions of pictures, formulas in a line",
        "comments, deletions that are tracked, pictures, macros",
        "the runs of the document's XML and its notes",
    ),
    Format(
        ("pptx",),
        "PowerPoint",
        "titles, lists, tables and the speaker's notes; pages are slides",
        "pictures, charts, animations",
        "the runs of slides and notes",
    ),
    Format(
        ("xlsx",),
        "Excel",
        "a table for each block of cells under its sheet's name; pages are sheets; of formulas the value that was saved",
        "charts, pictures, macros, formats of numbers",
        "the words among the cells",
    ),
    Format(("xls",), "Excel before 2007", "as Excel", "as Excel", ""),
    Format(("doc", "ppt"), "Word and PowerPoint before 2007", "as their successors", "as their successors", "", "LibreOffice (`soffice`)"),
    Format(
        ("odt",),
        "OpenDocument text",
        "headings, lists, tables",
        "comments, deletions that are tracked, pictures",
        "the paragraphs of content.xml",
    ),
    Format(
        ("odp", "ods"),
        "OpenDocument slides and sheets",
        "titles, lists, tables, notes; pages are slides or sheets",
        "comments, pictures",
        "the paragraphs of content.xml",
    ),
    Format(("rtf",), "rich text", "headings, lists, tables", "pictures", "a reader of its letters"),
    Format(
        ("rst", "org", "asciidoc", "latex"),
        "reStructuredText, Org, AsciiDoc, LaTeX",
        "headings with their levels, lists, tables, code",
        "files that they include, directives that pandoc does not know",
        "pandoc's plain text",
    ),
    Format(("ipynb",), "notebook", "cells of text and code, outputs of text", "pictures", "the sources of the cells"),
    Format(("epub",), "book", "all pages of the spine, with headings, lists and tables", "pictures", "the pages in the archive"),
    Format(
        ("eml",),
        "e-mail",
        "subject, sender, receivers, date, the richest body, forwarded messages, names of attachments; each attachment as a document "
        "of its own",
        "signatures of the sender's program",
        "the text parts",
    ),
    Format(
        ("msg",),
        "Outlook message",
        "as e-mail; encrypted ones are quarantined",
        "Outlook's own items within it, each quarantined",
        "the properties of subject and body",
    ),
    Format(
        ("archive",),
        "archive (ZIP, TAR, gzip, bzip2, xz)",
        "each file in it as a document of its own; of the archive itself the list of their names",
        "hidden files and the junk of operating systems, as in folders; links, devices and locked files, each quarantined",
        "",
    ),
    Format(
        ("pdf",),
        "PDF",
        "paragraphs and list items, titles by size and weight, tables that strokes rule, pages, places; scanned pages by text "
        "recognition; locked files by the passwords of their source",
        "text off the page or printed twice, pictures, annotations, values of forms; a table without strokes is lines of text",
        "pdfminer's count of letters on each page",
        "tesseract, for scans alone",
    ),
    Format(
        ("image",),
        "picture (PNG, JPEG, TIFF, GIF)",
        "paragraphs with their places; pages are frames",
        "all but text; pictures of more than 120 million pixels",
        "",
        "tesseract",
    ),
)
