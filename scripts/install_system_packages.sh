#!/bin/sh
# libmagic tells file types apart by their bytes; tesseract reads scans and pictures, in English and Vietnamese. With the argument `tests`
# also PostgreSQL, which the tests of an index of duplicates on a server start themselves. Everything else that ragkeep needs comes from the
# lock file. Nothing is installed where it is there already, or where apt is not.
missing=""
ldconfig -p 2>/dev/null | grep -q libmagic.so.1 || missing="libmagic1"
command -v tesseract >/dev/null || missing="$missing tesseract-ocr tesseract-ocr-vie"
if [ "${1:-}" = tests ]; then
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
fi
if [ -z "$missing" ]; then exit 0; fi
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -q >/dev/null
    case "$missing" in *postgresql*)  # or Debian would make a database and start its server at once
        apt-get install -y -q --no-install-recommends postgresql-common >/dev/null &&
            sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf ;;
    esac
    # shellcheck disable=SC2086  # several packages are meant
    apt-get install -y -q --no-install-recommends $missing >/dev/null && exit 0
fi
echo "ragkeep: not installed:$missing. Without libmagic file types are told by signature and name only; without tesseract scans and pictures go to" \
    "quarantine; without postgresql its tests are skipped (apt install $missing, brew install libmagic tesseract tesseract-lang)" >&2
