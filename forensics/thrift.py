"""Just enough of Thrift's compact protocol to read the header of a Parquet page."""

from typing import Any

_BOOLEANS = {1: True, 2: False}


class Compact:
    """A cursor over bytes. A struct becomes a dict of field numbers; IndexError or ValueError where the bytes are none."""

    def __init__(self, content: bytes, position: int = 0, /) -> None:
        self._content = content
        self.position = position

    def struct(self) -> dict[int, Any]:
        """The fields of the struct that begins here; the cursor then stands behind it."""
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = _BOOLEANS[kind] if kind in _BOOLEANS else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        match kind:
            case 1 | 2:
                return self._byte() == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._unsigned())
            case 9 | 10:
                return self._list()
            case 12:
                return self.struct()
        raise ValueError(f"no type {kind} stands in a page's header")

    def _list(self) -> list[Any]:
        head = self._byte()
        length = head >> 4 if head >> 4 < 15 else self._unsigned()
        return [self._value(head & 15) for _ in range(length)]

    def _signed(self) -> int:
        number = self._unsigned()
        return number >> 1 ^ -(number & 1)

    def _unsigned(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 128:
            number |= (byte & 127) << shift
            shift += 7
        return number | byte << shift

    def _byte(self) -> int:
        self.position += 1
        return self._content[self.position - 1]

    def _bytes(self, length: int) -> bytes:
        self.position += length
        if self.position > len(self._content):
            raise ValueError("a page's header ends before it is complete")
        return self._content[self.position - length : self.position]
