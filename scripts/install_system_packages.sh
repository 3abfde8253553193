#!/bin/sh
# libmagic tells file types apart by their bytes; everything else that ragkeep needs comes from the lock file.
# Nothing is installed where it is there already, or where apt is not.
if ldconfig -p 2>/dev/null | grep -q libmagic.so.1; then exit 0; fi
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends libmagic1 >/dev/null && exit 0
fi
echo "ragkeep: libmagic is not installed; file types are told by signature and name only (apt install libmagic1, brew install libmagic)" >&2
