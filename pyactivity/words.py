"""Names, sizes and numbers for the eye."""


def display(path: bytes) -> str:
    """A path for the eye: what is not printable, or not UTF-8, as a backslash escape, and a backslash as two."""
    text = path.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    return text if text.isprintable() else "".join(map(_escaped, text))


def humane_bytes(size_bytes: int) -> str:
    """A size with one decimal, in powers of 1,024: 512 B, 1.5 KiB, 4.4 GiB."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    value, units = size_bytes / 1024, iter(("MiB", "GiB", "TiB", "PiB", "EiB"))
    unit = "KiB"
    # 1,023.95 would be printed as 1024.0.
    while value >= 1023.95 and (larger := next(units, None)):
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: 1 file, 1,234 files."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
