#!/bin/sh
# libmagic tells file types apart by their bytes; tesseract reads scans and pictures, in English and Vietnamese. Everything else that ragkeep
# needs comes from the lock file. Nothing is installed where it is there already, or where apt is not.
missing=""
ldconfig -p 2>/dev/null | grep -q libmagic.so.1 || missing="libmagic1"
command -v tesseract >/dev/null || missing="$missing tesseract-ocr tesseract-ocr-vie"
if [ -z "$missing" ]; then exit 0; fi
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    # shellcheck disable=SC2086  # several packages are meant
    apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends $missing >/dev/null && exit 0
fi
echo "ragkeep: not installed:$missing. Without libmagic file types are told by signature and name only; without tesseract scans and pictures go to" \
    "quarantine (apt install $missing, brew install libmagic tesseract tesseract-lang)" >&2
